/// What every AWS service with REST and JSON needs: signatures, routing, reading, validating and
/// writing. Knows no service; the sources made of the models rest on it.
@NullMarked
package holdfast.aws.protocol;

import org.jspecify.annotations.NullMarked;

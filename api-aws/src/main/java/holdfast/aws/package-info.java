/// The AWS services of one installation, behind one gateway.
@NullMarked
package holdfast.aws;

import org.jspecify.annotations.NullMarked;

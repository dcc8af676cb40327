/// Makes Java of AWS service models when the project is built: records with builders, enums,
/// exceptions, validators of every constraint, and the table of operations.
@NullMarked
package holdfast.codegen;

import org.jspecify.annotations.NullMarked;

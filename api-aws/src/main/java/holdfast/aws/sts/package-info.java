/// AWS Security Token Service: who am I, which clients ask first.
@NullMarked
package holdfast.aws.sts;

import org.jspecify.annotations.NullMarked;

/// Recovery instances: QEMU machines on branches served over NBD, with a proof that they booted.
@NullMarked
package holdfast.recovery;

import org.jspecify.annotations.NullMarked;

/// The Linux system calls that Java has no API for, by downcalls through the foreign function
/// interface: descriptors with `O_DIRECT`, ioctls of disks and file systems, memory maps, bpf(2).
/// Numbers for x86-64 and aarch64.
///
/// Every call here pins its carrier thread while it runs; call from platform threads whenever it
/// may wait for a disk. Failures carry the kernel's error number: [LinuxException].
@NullMarked
package holdfast.base.linux;

import org.jspecify.annotations.NullMarked;

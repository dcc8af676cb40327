/// The `ebpf` tracker: two small programs a disk, on the block layer's `block_rq_issue` and
/// `block_rq_complete`, that keep dirty bitmaps in memory which the kernel and the agent share.
///
/// [holdfast.tracking.ebpf.EbpfTracker] holds the protocol of a round and the argument why it is
/// right; [holdfast.tracking.ebpf.ChangeProgram] is what runs in the kernel.
@NullMarked
package holdfast.tracking.ebpf;

import org.jspecify.annotations.NullMarked;

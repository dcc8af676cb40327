package holdfast.tracking.ebpf;

import holdfast.tracking.TrackerException;
import java.util.List;
import java.util.OptionalInt;

/// Where this kernel keeps what the programs read, in bytes from the start of each struct, and the
/// numbers of the operations they tell apart. Kernels of different versions and builds differ in
/// all of it.
///
/// @param issue the tracepoint of a request that is handed to its driver
/// @param complete the tracepoint of a request, or a part of it, that is done
/// @param requeue the tracepoint of a request that its driver gave back, to be issued again
/// @param requestToDisk offsets to follow from a request to its `gendisk`
/// @param operationMask bits of `request.cmd_flags` that hold the operation
/// @param discard the operation that gives blocks back
/// @param firstPassThrough operations from this on are commands that the block layer does not know
record KernelLayout(
        Tracepoint issue,
        Tracepoint complete,
        Tracepoint requeue,
        List<Integer> requestToDisk,
        int diskMajor,
        int diskFirstMinor,
        int requestFlags,
        int requestSector,
        int requestBytes,
        int requestBio,
        int bioNext,
        int bioSector,
        int bioBytes,
        int operationMask,
        int discard,
        int firstPassThrough) {

    /// @param type by which a BTF-typed program attaches
    /// @param arguments how many a program is handed
    /// @param request which of them is the `struct request *`
    record Tracepoint(String name, int type, int arguments, int request) {}

    KernelLayout {
        requestToDisk = List.copyOf(requestToDisk);
    }

    /// @throws TrackerException naming what this kernel lacks
    static KernelLayout of(KernelTypes types) throws TrackerException {
        var former = types.offset("request", "rq_disk"); // before 5.17 requests knew their disk
        var toDisk =
                former.isPresent()
                        ? List.of(former.getAsInt())
                        : List.of(
                                field(types, "request", "q"),
                                field(types, "request_queue", "disk"));
        return new KernelLayout(
                tracepoint(types, "block_rq_issue"),
                tracepoint(types, "block_rq_complete"),
                tracepoint(types, "block_rq_requeue"),
                toDisk,
                field(types, "gendisk", "major"),
                field(types, "gendisk", "first_minor"),
                field(types, "request", "cmd_flags"),
                field(types, "request", "__sector"),
                field(types, "request", "__data_len"),
                field(types, "request", "bio"),
                field(types, "bio", "bi_next"),
                field(types, "bio", "bi_iter.bi_sector"),
                field(types, "bio", "bi_iter.bi_size"),
                // flags begin where the operation ends
                (1 << enumerator(types, "__REQ_FAILFAST_DEV")) - 1,
                enumerator(types, "REQ_OP_DISCARD"),
                Math.min(
                        enumerator(types, "REQ_OP_DRV_IN"),
                        // before 5.14 SCSI had its own
                        types.enumerator("REQ_OP_SCSI_IN").orElse(Integer.MAX_VALUE)));
    }

    Tracepoint tracepoint(Planes.Event event) {
        return switch (event) {
            case COMPLETED -> complete;
            case ISSUED -> issue;
        };
    }

    private static Tracepoint tracepoint(KernelTypes types, String name) throws TrackerException {
        var type = found(types.tracepoint(name), "tracepoint " + name);
        return new Tracepoint(
                name,
                type,
                types.tracepointArguments(type),
                found(types.tracepointArgument(type, "request"), "a request in " + name));
    }

    private static int field(KernelTypes types, String struct, String path)
            throws TrackerException {
        return found(types.offset(struct, path), struct + "." + path);
    }

    private static int enumerator(KernelTypes types, String name) throws TrackerException {
        return found(types.enumerator(name), name);
    }

    private static int found(OptionalInt found, String what) throws TrackerException {
        if (found.isEmpty()) {
            throw new TrackerException("this kernel's type information has no " + what);
        }
        return found.getAsInt();
    }
}

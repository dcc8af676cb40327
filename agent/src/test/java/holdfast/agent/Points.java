package holdfast.agent;

/// What a consistency point must be, checked against a fake machine that knows all of its writes.
final class Points {
    private Points() {}

    /// What is wrong with the replica as a point of the last flip; empty if nothing is.
    static String violations(Rig rig) {
        var image = rig.replicator.stable;
        var instant = rig.machine.lastFlip();
        for (var disk = 0; disk < image.length; disk++) {
            for (var block = 0; block < image[disk].length; block++) {
                if (!instant.allows(disk, block, image[disk][block])) {
                    return "disk " + disk + " block " + block + " is not of the instant";
                }
            }
        }
        synchronized (rig.machine) {
            for (var writer : rig.machine.writers) {
                if (!writer.isPrefix(image)) {
                    return "a write is there without one that completed before it was issued";
                }
            }
        }
        return "";
    }
}

package holdfast.recovery;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What was launched, and how: written before the machine is started, so that a later host knows of
/// every machine that may run. `machine.json`, see `docs/operations/recovery.md`.
///
/// @param spec as asked for
/// @param accelerator that it runs with
/// @param grant processors and memory that it got
/// @param launchedAt by this host's clock
record LaunchRecord(
        MachineSpec spec, Accelerator accelerator, HostCapacity.Grant grant, Instant launchedAt) {
    private static final int VERSION = 1;
    private static final JsonMapper JSON = JsonMapper.shared();

    byte[] encode() {
        var root = JSON.createObjectNode();
        root.put("version", VERSION);
        root.put("id", spec.id());
        root.put("name", spec.name());
        root.put("cpuCount", spec.cpuCount());
        root.put("memoryBytes", spec.memoryBytes());
        root.put("uefi", spec.uefi());
        var disks = root.putArray("disks");
        for (var disk : spec.disks()) {
            disks.addObject()
                    .put("socket", disk.socket().toString())
                    .put("export", disk.export())
                    .put("serial", disk.serial());
        }
        var cards = root.putArray("cards");
        for (var card : spec.cards()) {
            cards.addObject()
                    .put("network", card.network())
                    .put("hardwareAddress", card.hardwareAddress());
        }
        root.put("accelerator", accelerator.kind().word());
        root.put("acceleratorReason", accelerator.reason());
        root.put("grantedCpuCount", grant.processors());
        root.put("grantedMemoryBytes", grant.memoryBytes());
        root.put("note", grant.note());
        root.put("launchedAt", launchedAt.toString());
        return root.toPrettyString().getBytes(StandardCharsets.UTF_8);
    }

    /// @throws IOException if this is no record that we wrote, or one of a later version
    static LaunchRecord decode(Path file, String text) throws IOException {
        try {
            var root = JSON.readTree(text);
            var version = root.required("version").intValue();
            if (version != VERSION) {
                throw new IOException(
                        String.format(
                                Locale.ROOT,
                                "%s: version %d of a newer release, this one reads %d",
                                file,
                                version,
                                VERSION));
            }
            var disks = new ArrayList<MachineSpec.Disk>();
            for (var disk : root.required("disks")) {
                disks.add(
                        new MachineSpec.Disk(
                                Path.of(text(disk, "socket")),
                                text(disk, "export"),
                                text(disk, "serial")));
            }
            var cards = new ArrayList<MachineSpec.Card>();
            for (var card : root.path("cards")) { // none in records of earlier releases
                cards.add(
                        new MachineSpec.Card(text(card, "network"), text(card, "hardwareAddress")));
            }
            var spec =
                    new MachineSpec(
                            text(root, "id"),
                            text(root, "name"),
                            root.required("cpuCount").intValue(),
                            root.required("memoryBytes").longValue(),
                            root.required("uefi").booleanValue(),
                            disks,
                            cards);
            return new LaunchRecord(
                    spec,
                    new Accelerator(
                            Accelerator.Kind.of(text(root, "accelerator")),
                            text(root, "acceleratorReason")),
                    new HostCapacity.Grant(
                            root.required("grantedCpuCount").intValue(),
                            root.required("grantedMemoryBytes").longValue(),
                            text(root, "note")),
                    Instant.parse(text(root, "launchedAt")));
        } catch (JacksonException | DateTimeException | IllegalArgumentException e) {
            throw new IOException(
                    String.format(Locale.ROOT, "%s: damaged: %s", file, e.getMessage()), e);
        }
    }

    private static String text(JsonNode node, String name) {
        return node.required(name).stringValue();
    }
}

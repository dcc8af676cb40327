package holdfast.control;

import java.util.List;
import java.util.Optional;

/// The tables of networks, which are the home account's; see [Tables].
final class NetworkTables {
    static final Table<NetworkChange.Kept> CHANGES =
            new Table<>(
                    "network_changes",
                    List.of("vpc"),
                    List.of("vpc", "change"),
                    kept ->
                            Tables.values(
                                    "vpc",
                                    kept.vpc(),
                                    "change",
                                    NetworkDocuments.of(kept.change())),
                    row ->
                            new NetworkChange.Kept(
                                    row.text("vpc"), NetworkDocuments.change(row.text("change"))));

    static final Table<SourceNetwork> SOURCES =
            new Table<>(
                            "source_networks",
                            List.of("id"),
                            List.of(
                                    "id",
                                    "vpc",
                                    "region",
                                    "state",
                                    "reason",
                                    "created_at",
                                    "captured",
                                    "stack",
                                    "recovery",
                                    "export"),
                            network ->
                                    Tables.values(
                                            "id", network.id(),
                                            "vpc", network.vpc(),
                                            "region", network.region(),
                                            "state", network.state().name(),
                                            "reason", network.reason(),
                                            "created_at", network.createdAt(),
                                            "captured",
                                                    network.captured().map(NetworkDocuments::of),
                                            "stack", network.stack(),
                                            "recovery",
                                                    network.recovery().map(NetworkDocuments::of),
                                            "export", network.export().map(NetworkDocuments::of)),
                            row ->
                                    new SourceNetwork(
                                            row.text("id"),
                                            row.text("vpc"),
                                            row.text("region"),
                                            NetworkState.valueOf(row.text("state")),
                                            row.text("reason"),
                                            row.instant("created_at"),
                                            row.optionalText("captured")
                                                    .map(NetworkDocuments::description),
                                            row.optionalText("stack"),
                                            row.optionalText("recovery")
                                                    .map(NetworkDocuments::recovery),
                                            row.optionalText("export")
                                                    .map(NetworkDocuments::export)))
                    .held(_ -> Optional.empty());

    static final Table<NetworkStack> STACKS =
            new Table<>(
                            "network_stacks",
                            List.of("name"),
                            List.of(
                                    "name",
                                    "network",
                                    "origin",
                                    "description",
                                    "created_at",
                                    "updated_at"),
                            stack ->
                                    Tables.values(
                                            "name", stack.name(),
                                            "network", stack.network(),
                                            "origin", stack.origin(),
                                            "description", NetworkDocuments.of(stack.description()),
                                            "created_at", stack.createdAt(),
                                            "updated_at", stack.updatedAt()),
                            row ->
                                    new NetworkStack(
                                            row.text("name"),
                                            row.text("network"),
                                            row.optionalText("origin"),
                                            NetworkDocuments.description(row.text("description")),
                                            row.instant("created_at"),
                                            row.instant("updated_at")))
                    .held(_ -> Optional.empty());

    static final Table<Attachment> ATTACHMENTS =
            new Table<>(
                    "network_attachments",
                    List.of("instance_id", "position"),
                    List.of("instance_id", "position", "stack", "network", "hardware_address"),
                    attachment ->
                            Tables.values(
                                    "instance_id", attachment.instance(),
                                    "position", attachment.position(),
                                    "stack", attachment.stack(),
                                    "network", attachment.network(),
                                    "hardware_address", attachment.hardwareAddress()),
                    row ->
                            new Attachment(
                                    row.text("instance_id"),
                                    row.number("position"),
                                    row.text("stack"),
                                    row.text("network"),
                                    row.text("hardware_address")));

    static final List<Table<?>> ALL = List.of(CHANGES, SOURCES, STACKS, ATTACHMENTS);

    private NetworkTables() {}
}

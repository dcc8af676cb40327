package holdfast.aws.drs;

import holdfast.aws.drs.model.InternetProtocol;
import holdfast.aws.drs.model.ReplicationConfiguration;
import holdfast.aws.drs.model.ReplicationConfigurationDataPlaneRouting;
import holdfast.aws.drs.model.ReplicationConfigurationDefaultLargeStagingDiskType;
import holdfast.aws.drs.model.ReplicationConfigurationReplicatedDisk;
import holdfast.aws.drs.model.ReplicationConfigurationReplicatedDiskStagingDiskType;
import holdfast.aws.drs.model.ReplicationConfigurationTemplate;
import holdfast.aws.protocol.RequestContext;
import holdfast.aws.protocol.Structure;
import holdfast.control.ReplicationSettings;
import holdfast.control.ServerView;
import holdfast.control.Settings;
import holdfast.control.SourceServer;
import holdfast.control.StagingTypes;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How a server is replicated, in the service's words. Which of them act here, and how, is said in
/// docs/compatibility/drs.md.
final class ReplicationConfigurations {
    private static final long BYTES_PER_MEGABIT = 1_000_000 / 8;

    private ReplicationConfigurations() {}

    /// Settings after a request to change them.
    ///
    /// @param request has members of [ReplicationConfiguration]
    /// @param encryption what it says of that
    /// @throws holdfast.aws.protocol.ServiceException if something is asked for that would not be
    ///   done
    static ReplicationSettings changed(
            ReplicationSettings before, Structure request, EncryptionWords encryption) {
        var document = Kept.changed(before.document(), request);
        var wanted = Kept.read(document, ReplicationConfiguration::read);
        refuseWhatIsNotDone(wanted);
        var limit = wanted.bandwidthThrottling();
        if (limit != null && limit > Long.MAX_VALUE / BYTES_PER_MEGABIT) {
            throw DrsRules.invalid(
                    "bandwidthThrottling", "more megabits a second than there can be: " + limit);
        }
        var rules = wanted.pitPolicy();
        return new ReplicationSettings(
                limit == null ? before.limitBytesPerSecond() : limit * BYTES_PER_MEGABIT,
                rules == null ? before.policy() : PitPolicy.policy(rules),
                encryption.after(before.encryptionKey()),
                staging(wanted),
                document);
    }

    private static StagingTypes staging(ReplicationConfiguration wanted) {
        var types = new HashMap<String, String>();
        for (var disk :
                orElse(
                        wanted.replicatedDisks(),
                        List.<ReplicationConfigurationReplicatedDisk>of())) {
            var name = disk.deviceName();
            var type = disk.stagingDiskType();
            if (name != null
                    && type != null
                    && type != ReplicationConfigurationReplicatedDiskStagingDiskType.AUTO) {
                types.put(name, type.name());
            }
        }
        return new StagingTypes(
                types,
                Optional.ofNullable(wanted.defaultLargeStagingDiskType())
                        .filter(type ->
                                type != ReplicationConfigurationDefaultLargeStagingDiskType.AUTO)
                        .map(type -> type.name()));
    }

    private static void refuseWhatIsNotDone(ReplicationConfiguration wanted) {
        requireAnyProtocol(wanted.internetProtocol());
        if (Boolean.TRUE.equals(wanted.autoReplicateNewDisks())) {
            throw DrsRules.invalid(
                    "autoReplicateNewDisks",
                    "an agent replicates the disks that it was started with, and no others: use false, and name a new disk with --disk when the agent is started");
        }
    }

    /// Data travels to the address that the server tells, of whichever protocol that is; IPV4 is
    /// what clients send that leave it as it is.
    ///
    /// @throws holdfast.aws.protocol.ServiceException if another one is asked for
    static void requireAnyProtocol(@Nullable InternetProtocol wanted) {
        if (wanted == InternetProtocol.IPV6) {
            throw DrsRules.invalid(
                    "internetProtocol",
                    "data travels to the address that the Holdfast server tells: to have it travel by IPv6, give it an IPv6 address with --address");
        }
    }

    /// @throws holdfast.aws.protocol.ServiceException if a disk is named that the server has not
    static void checkDisks(
            SourceServer server, @Nullable List<ReplicationConfigurationReplicatedDisk> disks) {
        var named = new HashSet<String>();
        for (var disk : disks == null ? List.<ReplicationConfigurationReplicatedDisk>of() : disks) {
            var name = disk.deviceName();
            if (name == null || server.disks().stream().noneMatch(d -> d.name().equals(name))) {
                throw DrsRules.invalid(
                        "replicatedDisks",
                        String.format(
                                Locale.ROOT,
                                "server %s has no disk %s; it has %s",
                                server.id(),
                                name,
                                server.disks().stream().map(SourceServer.Disk::name).toList()));
            }
            if (!named.add(name)) {
                throw DrsRules.invalid("replicatedDisks", "the disk " + name + " is named twice");
            }
        }
    }

    /// @param storageClass that its replica is in, or would be made in now
    static ReplicationConfiguration of(
            RequestContext context,
            ServerView view,
            ReplicationSettings settings,
            String storageClass) {
        var server = view.server();
        var keyAccount =
                view.extension()
                        .map(shown -> shown.extension().account())
                        .orElse(context.account());
        var kept = Kept.read(settings.document(), ReplicationConfiguration::read);
        return ReplicationConfiguration.builder()
                .sourceServerID(server.id())
                .name(orElse(kept.name(), server.hostname()))
                .stagingAreaSubnetId(kept.stagingAreaSubnetId())
                .associateDefaultSecurityGroup(orElse(kept.associateDefaultSecurityGroup(), true))
                .replicationServersSecurityGroupsIDs(
                        orElse(kept.replicationServersSecurityGroupsIDs(), List.of()))
                .replicationServerInstanceType(
                        orElse(kept.replicationServerInstanceType(), "t3.small"))
                .useDedicatedReplicationServer(orElse(kept.useDedicatedReplicationServer(), false))
                .defaultLargeStagingDiskType(
                        orElse(
                                kept.defaultLargeStagingDiskType(),
                                ReplicationConfigurationDefaultLargeStagingDiskType.AUTO))
                .replicatedDisks(
                        disks(server, orElse(kept.replicatedDisks(), List.of()), storageClass))
                .ebsEncryption(EncryptionWords.told(settings.encryptionKey(), kept.ebsEncryption()))
                .ebsEncryptionKeyArn(
                        EncryptionWords.told(
                                context,
                                keyAccount,
                                settings.encryptionKey(),
                                kept.ebsEncryptionKeyArn()))
                .bandwidthThrottling(settings.limitBytesPerSecond() / BYTES_PER_MEGABIT)
                .dataPlaneRouting(
                        orElse(
                                kept.dataPlaneRouting(),
                                ReplicationConfigurationDataPlaneRouting.PUBLIC_IP))
                .createPublicIP(orElse(kept.createPublicIP(), true))
                .stagingAreaTags(orElse(kept.stagingAreaTags(), Map.of()))
                .pitPolicy(
                        Objects.requireNonNullElseGet(
                                kept.pitPolicy(), () -> PitPolicy.rules(settings.policy())))
                .autoReplicateNewDisks(false)
                .internetProtocol(InternetProtocol.IPV4)
                .build();
    }

    private static List<ReplicationConfigurationReplicatedDisk> disks(
            SourceServer server,
            List<ReplicationConfigurationReplicatedDisk> kept,
            String storageClass) {
        return server.disks().stream()
                .map(disk -> {
                    var set =
                            kept.stream()
                                    .filter(one -> disk.name().equals(one.deviceName()))
                                    .findFirst();
                    var translated =
                            ReplicationConfigurationReplicatedDisk.builder()
                                    .deviceName(disk.name())
                                    .isBootDisk(disk.equals(server.disks().getFirst()))
                                    .optimizedStagingDiskType(
                                            ReplicationConfigurationReplicatedDiskStagingDiskType
                                                    .valueOf(storageClass))
                                    .stagingDiskType(
                                            ReplicationConfigurationReplicatedDiskStagingDiskType
                                                    .AUTO);
                    set.ifPresent(one ->
                            translated
                                    .stagingDiskType(
                                            orElse(
                                                    one.stagingDiskType(),
                                                    ReplicationConfigurationReplicatedDiskStagingDiskType
                                                            .AUTO))
                                    .iops(one.iops())
                                    .throughput(one.throughput()));
                    return translated.build();
                })
                .toList();
    }

    static ReplicationConfigurationTemplate of(
            RequestContext context,
            Settings.Template<ReplicationSettings> template,
            Map<String, String> tags) {
        var kept = Kept.read(template.settings().document(), ReplicationConfiguration::read);
        return ReplicationConfigurationTemplate.builder()
                .replicationConfigurationTemplateID(template.id())
                .arn(Ids.replicationTemplateArn(context, template.id()))
                .tags(tags)
                .stagingAreaSubnetId(kept.stagingAreaSubnetId())
                .associateDefaultSecurityGroup(kept.associateDefaultSecurityGroup())
                .replicationServersSecurityGroupsIDs(kept.replicationServersSecurityGroupsIDs())
                .replicationServerInstanceType(kept.replicationServerInstanceType())
                .useDedicatedReplicationServer(kept.useDedicatedReplicationServer())
                .defaultLargeStagingDiskType(kept.defaultLargeStagingDiskType())
                .ebsEncryption(
                        EncryptionWords.told(
                                template.settings().encryptionKey(), kept.ebsEncryption()))
                .ebsEncryptionKeyArn(
                        EncryptionWords.told(
                                context,
                                context.account(),
                                template.settings().encryptionKey(),
                                kept.ebsEncryptionKeyArn()))
                .bandwidthThrottling(template.settings().limitBytesPerSecond() / BYTES_PER_MEGABIT)
                .dataPlaneRouting(kept.dataPlaneRouting())
                .createPublicIP(kept.createPublicIP())
                .stagingAreaTags(kept.stagingAreaTags())
                .pitPolicy(kept.pitPolicy())
                .autoReplicateNewDisks(false)
                .internetProtocol(InternetProtocol.IPV4)
                .build();
    }

    private static <T> T orElse(@Nullable T kept, T usual) {
        return Objects.requireNonNullElse(kept, usual);
    }
}

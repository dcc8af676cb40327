package holdfast.server;

import holdfast.aws.AwsServices;
import holdfast.base.Filesystem;
import holdfast.base.Network;
import holdfast.base.Processes;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.control.AuditLog;
import holdfast.control.Controller;
import holdfast.control.Database;
import holdfast.control.LaunchScripts;
import holdfast.nbd.NbdLimits;
import holdfast.nbd.NbdServer;
import holdfast.nbd.Tls;
import holdfast.recovery.LinuxNetworks;
import holdfast.recovery.QemuHost;
import holdfast.replication.Replicator;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.TlsContexts;
import holdfast.volume.EncryptionKeyFiles;
import holdfast.volume.StorageClasses;
import holdfast.volume.StoreSettings;
import holdfast.volume.StoreStatus;
import holdfast.volume.VolumeStore;
import holdfast.volume.VolumeStores;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import tools.jackson.databind.node.ObjectNode;

/// One process that is everything: control plane, staging area, replicator, NBD server, launch
/// target and API, on one data directory.
///
/// Owns all of it. Started by [#open], closed once; recovery instances go on when it is closed or
/// killed, and are served again by the next server on the same directory.
public final class HoldfastServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("holdfast.server");

    /// Of free room, below which the operator is warned while all is still well.
    private static final long LOW_SPACE_PERCENT = 10;

    private final ServerSettings settings;
    private final Resources resources = new Resources();
    private final VolumeStore store;
    private final Controller controller;
    private final Replicator replicator;
    private final Api api;
    private final Optional<FirstKey> firstAccessKey;

    private HoldfastServer(ServerSettings settings) throws IOException {
        this.settings = settings;
        var files = Filesystem.local();
        var network = Network.system();
        var time = TimeSource.system();
        var random = RandomSource.system();
        if (!files.exists(settings.data())) {
            requireFreeAddresses(network); // or a directory would be left behind
        }
        try {
            // where the same server runs already, that says more than its addresses being taken
            var data = resources.add("lock", DataDirectory.open(files, settings.data()));
            requireFreeAddresses(network);
            var authority =
                    CertificateAuthority.open(
                            files,
                            data.path(),
                            CertificateAuthority.Validity.DEFAULT,
                            time,
                            random);
            var tls = TlsContexts.server(authority, names(settings.address()));
            var key = data.adminKey(random);
            // The driver's only way to be told; in the usual place each killed server would leave
            // a copy of its library behind.
            System.setProperty("org.sqlite.tmpdir", data.nativeLibraries().toString());
            var database = resources.add("database", Database.open(data.privateDatabase(), time));
            var keyFiles = new EncryptionKeyFiles(files, data.encryptionKeys(), time);
            store = resources.add("store", openStore(data, files, keyFiles, time, random));
            var host = new QemuHost(data.recovery(), files, network, Processes.system(), time);
            var networks = new LinuxNetworks(data.recovery(), files, Processes.system(), time);
            var socket = data.nbdSocket();
            controller =
                    new Controller(
                            database,
                            store,
                            keyFiles,
                            host,
                            networks,
                            socket.getPath(),
                            new LaunchScripts(files, data.launchScripts()),
                            settings.control(),
                            time,
                            random);
            controller.resume();
            firstAccessKey = firstAccessKey(data, controller);
            var nbd =
                    resources.add(
                            "nbd",
                            new NbdServer(network, time, controller.exports(), NbdLimits.STANDARD));
            nbd.listen(socket, new Tls.Off());
            controller.exports().onEnd(nbd::disconnect);
            resources.add("controller", controller);
            replicator =
                    resources.add("replicator", startReplicator(network, time, tls, authority));
            controller.start();
            var audit =
                    resources.add(
                            "audit",
                            AuditLog.open(files, data.audit(), time, store.derivedKey("audit")));
            var enrolment =
                    new EnrolmentRoutes(
                            controller,
                            authority,
                            random,
                            settings.address(),
                            (InetSocketAddress) replicator.address(),
                            data.path());
            var exports =
                    new ExportRoutes(
                            controller, id -> "nbd+unix:///" + id + "?socket=" + socket.getPath());
            api =
                    resources.add(
                            "api",
                            new Api(
                                    network,
                                    ListenAddress.api(settings),
                                    tls,
                                    key,
                                    controller,
                                    store,
                                    AwsServices.gateway(
                                            controller,
                                            enrolment,
                                            audit,
                                            time,
                                            List.of(
                                                    new FailbackEndpoint(
                                                            controller, enrolment, store))),
                                    new ApiAudit(audit, controller.usedSignatures()),
                                    this::status,
                                    enrolment,
                                    exports));
        } catch (IOException | RuntimeException e) {
            closeAfter(e);
            throw e;
        }
    }

    /// Starts a server.
    ///
    /// @throws holdfast.base.RefusalException if the directory is in use, not writable or too small
    /// @throws IOException if an address is taken, or something that is kept is damaged
    public static HoldfastServer open(ServerSettings settings) throws IOException {
        var server = new HoldfastServer(settings);
        LOG.log(
                System.Logger.Level.INFO,
                "version={0} data={1} api={2} replication={3}",
                version(),
                settings.data(),
                server.apiAddress(),
                server.replicationAddress());
        return server;
    }

    /// The key that lets the first AWS client in. Should a crash keep it from its file, then
    /// `holdfast key create` makes another.
    private static Optional<FirstKey> firstAccessKey(DataDirectory data, Controller controller)
            throws IOException {
        if (data.hasAwsCredentials() || !controller.accessKeys().list().isEmpty()) {
            return Optional.empty();
        }
        var created = controller.accessKeys().createFirst();
        var first = new FirstKey(created.key().id(), created.secret());
        data.writeAwsCredentials(first);
        return Optional.of(first);
    }

    /// The access key that this start made; empty when there was one.
    public Optional<FirstKey> firstAccessKey() {
        return firstAccessKey;
    }

    private void requireFreeAddresses(Network network) throws IOException {
        ListenAddress.api(settings).requireFree(network);
        ListenAddress.replication(settings).requireFree(network);
    }

    private VolumeStore openStore(
            DataDirectory data,
            Filesystem files,
            EncryptionKeyFiles keyFiles,
            TimeSource time,
            RandomSource random)
            throws IOException {
        var usual = StoreSettings.DEFAULT;
        var wanted =
                new StoreSettings(
                        settings.journalWindow(),
                        usual.masterKey(),
                        usual.segmentBytes(),
                        usual.reserveBytes(),
                        usual.waitingBytesMax(),
                        settings.extentCacheBytes(),
                        settings.mapCacheBytes(),
                        usual.checkpointBytes());
        return VolumeStores.open(
                wanted,
                files,
                data.staging(),
                new StorageClasses(settings.storageClasses(), data.storageClasses()),
                keyFiles,
                time,
                random);
    }

    private Replicator startReplicator(
            Network network, TimeSource time, SSLContext tls, CertificateAuthority authority)
            throws IOException {
        try {
            return Replicator.start(
                    network,
                    settings.replicationListen(),
                    tls,
                    authority,
                    store,
                    controller.agents(),
                    store,
                    controller.failbacks(),
                    time,
                    Replicator.Limits.DEFAULT);
        } catch (BindException e) {
            throw ListenAddress.replication(settings).taken(e);
        }
    }

    private void closeAfter(Exception cause) {
        try {
            resources.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /// Names and addresses of this machine, for its certificate.
    private static List<String> names(Optional<String> address) {
        var names = new ArrayList<String>();
        address.ifPresent(names::add);
        try {
            names.add(InetAddress.getLocalHost().getHostName());
        } catch (UnknownHostException _) {
            // a machine without a name is reached by its addresses
        }
        try {
            NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .map(known -> known.getHostAddress().replaceFirst("%.*", ""))
                    .forEach(names::add);
        } catch (SocketException e) {
            LOG.log(System.Logger.Level.WARNING, "own addresses: {0}", e.getMessage());
        }
        return names;
    }

    /// `host:port` of the API as it is bound.
    public String apiAddress() {
        return apiAddress(api.port());
    }

    private String apiAddress(int port) {
        return ServerSettings.text(new InetSocketAddress(settings.listen().getAddress(), port));
    }

    /// `host:port` of the replicator as it is bound.
    public String replicationAddress() {
        return ServerSettings.text((InetSocketAddress) replicator.address());
    }

    /// The control plane, for programs that are a server and something more.
    public Controller controller() {
        return controller;
    }

    /// The staging area, likewise.
    public VolumeStore store() {
        return store;
    }

    /// From the module's descriptor, where the build records it; there is none on a class path.
    private static String version() {
        var descriptor = HoldfastServer.class.getModule().getDescriptor();
        return descriptor == null ? "unpackaged" : descriptor.rawVersion().orElse("unpackaged");
    }

    private ObjectNode status(int apiPort) {
        var json =
                ApiJson.object()
                        .put("version", version())
                        .put("apiAddress", apiAddress(apiPort))
                        .put("replicationAddress", replicationAddress());
        put(json.putObject("stagingArea"), store.status());
        var classes = json.putArray("storageClasses");
        for (var area : store.areas().subList(1, store.areas().size())) {
            var name = area.storageClass();
            var directory = String.valueOf(settings.storageClasses().get(name));
            put(
                    classes.addObject().put("name", name).put("directory", directory),
                    area.store().status());
        }
        return json;
    }

    private static void put(ObjectNode json, StoreStatus status) {
        json.put("state", status.state().name())
                .put("reason", reason(status))
                .put("usedBytes", status.usedBytes())
                .put("freeBytes", status.freeBytes())
                .put("waitingBytes", status.waitingBytes())
                .put("segments", status.segmentCount())
                .put("mapBytes", status.mapBytes())
                .put("mappedBytes", status.mappedBytes());
    }

    private static String reason(StoreStatus status) {
        var total = status.usedBytes() + status.freeBytes();
        return status.reason().isEmpty() && status.freeBytes() * 100 < total * LOW_SPACE_PERCENT
                ? "low on room: "
                        + status.freeBytes()
                        + " bytes are free; add some before writing stops"
                : status.reason();
    }

    /// Closes all parts, those that rest on others first: API, replicator, controller, NBD, store,
    /// database, lock.
    @Override
    public void close() throws IOException {
        resources.close();
        LOG.log(System.Logger.Level.INFO, "data={0} closed", settings.data());
    }
}

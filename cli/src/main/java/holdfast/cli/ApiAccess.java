package holdfast.cli;

import holdfast.base.RefusalException;
import holdfast.base.RequestSigner;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Where the server is and how to be let in. Option before environment before default:
///
/// | what | option | environment | default |
/// | --- | --- | --- | --- |
/// | address | `--server-url` | `HOLDFAST_URL` | `https://127.0.0.1:8443` |
/// | folder with `ca.pem` and `admin.key` | `--data` | `HOLDFAST_DATA` | `/var/lib/holdfast` |
/// | access key | | `HOLDFAST_ACCESS_KEY_ID`, `HOLDFAST_SECRET_ACCESS_KEY`, `HOLDFAST_SESSION_TOKEN` | |
/// | key, without an access key | | `HOLDFAST_KEY` | what `admin.key` holds |
///
/// @param base without a path
/// @param proof that the caller may ask
/// @param authority the CA certificate that the server's must be issued by
record ApiAccess(URI base, Proof proof, Path authority) {
    static final String DEFAULT_URL = "https://127.0.0.1:8443";
    static final Path DEFAULT_DATA = Path.of("/var/lib/holdfast");

    /// What shows that a caller may ask what it asks.
    @FunctionalInterface
    interface Proof {
        /// The headers that a request needs.
        ///
        /// @param target path and query
        Map<String, String> headers(String method, String target, byte[] body);
    }

    /// @throws RefusalException if the key cannot be had
    static ApiAccess of(Arguments arguments, Context context) throws IOException {
        var data = data(arguments, context);
        var url =
                arguments
                        .text("--server-url")
                        .or(() -> environment(context, "HOLDFAST_URL"))
                        .orElse(DEFAULT_URL);
        var base = base(url);
        return new ApiAccess(base, proof(base, data, context), data.resolve("ca.pem"));
    }

    private static Proof proof(URI base, Path data, Context context) throws IOException {
        var accessKey = environment(context, "HOLDFAST_ACCESS_KEY_ID");
        if (accessKey.isPresent()) {
            var secret = environment(context, "HOLDFAST_SECRET_ACCESS_KEY");
            var signer =
                    new RequestSigner(
                            accessKey.get(),
                            secret.orElseThrow(() ->
                                    new UsageException(
                                            "an access key needs HOLDFAST_SECRET_ACCESS_KEY")),
                            environment(context, "HOLDFAST_SESSION_TOKEN"),
                            "here", // an installation answers to all
                            "holdfast");
            return (method, target, body) ->
                    signer.sign(
                            method,
                            base.getAuthority(),
                            target,
                            Map.of(),
                            body,
                            context.time().now());
        }
        var set = environment(context, "HOLDFAST_KEY");
        var key = set.isPresent() ? set.get() : read(data.resolve("admin.key"), "HOLDFAST_KEY");
        return (_, _, _) -> Map.of("Authorization", "Bearer " + key);
    }

    static Path data(Arguments arguments, Context context) {
        return arguments
                .text("--data")
                .or(() -> environment(context, "HOLDFAST_DATA"))
                .map(Path::of)
                .orElse(DEFAULT_DATA);
    }

    private static Optional<String> environment(Context context, String name) {
        return Optional.ofNullable(context.environment().get(name))
                .filter(value -> !value.isBlank());
    }

    /// @throws UsageException if that is no address of a server
    static URI base(String url) {
        try {
            var uri = new URI(url);
            var path = uri.getPath();
            if ("https".equals(uri.getScheme())
                    && uri.getHost() != null
                    && (path.isEmpty() || path.equals("/"))
                    && uri.getQuery() == null) {
                return new URI("https", null, uri.getHost(), uri.getPort(), null, null, null);
            }
        } catch (URISyntaxException _) {
            // worded below, like every other address that is none
        }
        throw new UsageException("'" + url + "' is no server address: write " + DEFAULT_URL);
    }

    private static String read(Path file, String instead) throws IOException {
        try {
            return Files.readString(file).strip();
        } catch (NoSuchFileException _) {
            throw new RefusalException(
                    "no-key",
                    String.format(
                            Locale.ROOT,
                            "no key at %s: name the server's data folder with --data, or set %s",
                            file,
                            instead));
        } catch (AccessDeniedException _) {
            throw new RefusalException(
                    "no-key",
                    String.format(
                            Locale.ROOT,
                            "%s may not be read by you: run as the server's user, or set %s",
                            file,
                            instead));
        }
    }
}

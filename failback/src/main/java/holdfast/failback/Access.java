package holdfast.failback;

import holdfast.base.RandomSource;
import holdfast.base.RefusalException;
import holdfast.base.RequestSigner;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.AuthorityProbe;
import holdfast.replication.certificates.TlsContexts;
import holdfast.replication.certificates.TrustedAuthorities;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/// How the controller is reached: with what the settings say, and what the operator adds to them.
///
/// @param settings what is empty in them is asked for, if that is allowed
record Access(FailbackSettings settings, Operator operator, TimeSource time, RandomSource random) {
    /// The settings with everything that it takes to reach the controller.
    ///
    /// @throws RefusalException if something is missing and may not be asked for, or the operator
    ///   does not trust the server
    FailbackSettings complete(FailbackDirectory directory)
            throws IOException, InterruptedException {
        var typed = settings.accessKeyId().filter(id -> !id.isBlank()).isEmpty();
        var id = required(settings.accessKeyId(), "access key id", "--aws-access-key-id", false);
        var secret =
                required(
                        settings.secretAccessKey(),
                        "secret access key",
                        "--aws-secret-access-key",
                        true);
        var token = settings.sessionToken();
        var region = settings.region();
        if (typed) { // a key from the environment comes with its token, if it has one
            token = orAsked(token, "session token, or Enter for none: ", true);
            region = orAsked(region, "region, or Enter for any: ", false);
        }
        var endpoint = endpoint();
        var reached = settings.reachedBy(id, secret, token, region, endpoint);
        return reached.trusting(authority(directory, base(endpoint)));
    }

    /// @throws RefusalException if the settings are not complete
    ControllerApi api() throws IOException {
        return new ControllerApi(
                base(endpoint()),
                new RequestSigner(
                        required(settings.accessKeyId(), "access key id", "", false),
                        required(settings.secretAccessKey(), "secret access key", "", true),
                        settings.sessionToken(),
                        settings.region().orElse(FailbackSettings.REGION),
                        ControllerApi.SERVICE),
                TlsContexts.client(trusted(), time, random),
                time);
    }

    TrustedAuthorities trusted() throws IOException {
        return read(settings.authority().orElseThrow(Access::unknownAuthority));
    }

    private String endpoint() throws IOException {
        var given = settings.endpoint().filter(text -> !text.isBlank());
        if (given.isPresent() || !settings.prompt()) {
            return required(given, "endpoint", "--endpoint", false);
        }
        return orAsked(given, "endpoint, or Enter for " + settings.defaultEndpoint() + ": ", false)
                .orElse(settings.defaultEndpoint());
    }

    /// The file with the authority's certificate: the one that was named, or was trusted earlier,
    /// or what the server shows if the operator says that it is right.
    private Path authority(FailbackDirectory directory, URI base)
            throws IOException, InterruptedException {
        var known = settings.authority().or(directory::authority);
        if (known.isPresent()) {
            read(known.get());
            return known.get();
        }
        var shown = ControllerApi.authority(base, random);
        var fingerprint = AuthorityProbe.fingerprint(shown);
        if (!settings.prompt()) {
            throw new RefusalException(
                    "unknown-authority",
                    String.format(
                            Locale.ROOT,
                            "the certificate authority of %s is not known here; its SHA-256 fingerprint is %s: if that is the one of ca.pem in the server's data folder, copy that file to this machine and name it with --ca-bundle",
                            base,
                            fingerprint));
        }
        operator.tell("the certificate authority of " + base + " is not known here");
        operator.tell("its SHA-256 fingerprint is " + fingerprint);
        operator.tell(
                "compare that with what is printed on the server by: openssl x509 -noout -fingerprint -sha256 -in <data folder>/ca.pem");
        if (!operator.ask("are they the same? (yes or no): ", false).strip().equals("yes")) {
            throw new RefusalException(
                    "authority-not-trusted",
                    "the server is not trusted, and nothing was sent to it: check the address");
        }
        return directory.trust(AuthorityProbe.text(shown));
    }

    private static TrustedAuthorities read(Path file) throws IOException {
        try {
            // what stands between certificates may be in any encoding
            return TrustedAuthorities.read(
                    file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
        } catch (NoSuchFileException _) {
            throw new RefusalException(
                    "no-authority",
                    file + " is not there: copy ca.pem from the server's data folder to it");
        }
    }

    private static RefusalException unknownAuthority() {
        return new RefusalException(
                "no-authority",
                "copy ca.pem from the server's data folder to this machine and name it with --ca-bundle");
    }

    private static URI base(String text) {
        try {
            var uri = new URI(text.strip());
            if ("https".equals(uri.getScheme()) && uri.getHost() != null) {
                return new URI("https", null, uri.getHost(), uri.getPort(), null, null, null);
            }
        } catch (URISyntaxException _) {
            // told below
        }
        throw new RefusalException(
                "malformed-endpoint", "'" + text + "' is no endpoint: write https://<server>:8443");
    }

    private String required(Optional<String> given, String what, String option, boolean secret)
            throws IOException {
        if (given.isPresent() && !given.get().isBlank()) {
            return given.get();
        }
        if (!settings.prompt()) {
            throw new RefusalException(
                    "malformed-request", "the " + what + " is missing: give it with " + option);
        }
        var answer = operator.ask(what + ": ", secret).strip();
        if (answer.isEmpty()) {
            throw new RefusalException("malformed-request", "no " + what + " was given");
        }
        return answer;
    }

    private Optional<String> orAsked(Optional<String> given, String question, boolean secret)
            throws IOException {
        return given.isPresent()
                ? given
                : Optional.of(operator.ask(question, secret).strip())
                        .filter(text -> !text.isEmpty());
    }
}

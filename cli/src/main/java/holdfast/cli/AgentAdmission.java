package holdfast.cli;

import holdfast.agent.Admission;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.OptionSpec;

/// What an agent is let in with: a token, or an access key, whose parts AWS's environment variables
/// may give as well, since command lines are seen by everybody on the machine.
final class AgentAdmission {
    private static final String REGION = "us-east-1";

    private AgentAdmission() {}

    static List<OptionSpec> options() {
        return List.of(
                Syntax.option(
                        "--access-key-id",
                        "<id>",
                        "To enrol with an access key of the role agent-installation instead of a token; else AWS_ACCESS_KEY_ID."),
                Syntax.option(
                        "--secret-access-key",
                        "<secret>",
                        "Its secret; else AWS_SECRET_ACCESS_KEY."),
                Syntax.option(
                        "--session-token",
                        "<token>",
                        "Of session credentials; else AWS_SESSION_TOKEN, if the key comes from the environment too."),
                Syntax.option(
                        "--region",
                        "<name>",
                        "To sign for; the server takes any. Else AWS_REGION, else " + REGION + "."),
                Syntax.option(
                        "--ca",
                        "<file>",
                        "The server's ca.pem, by which it is known when an access key is used; else AWS_CA_BUNDLE."));
    }

    /// @throws UsageException if parts are missing, or both ways are asked for
    static Optional<Admission> of(Arguments arguments, Context context) throws IOException {
        var token = arguments.text("--token");
        var id = arguments.text("--access-key-id");
        if (token.isPresent() && id.isPresent()) {
            throw new UsageException("--token and --access-key-id exclude each other");
        }
        if (token.isPresent()) {
            return Optional.of(new Admission.Token(token.get()));
        }
        return id.isPresent()
                ? named(id.get(), arguments, context)
                : surrounding(arguments, context);
    }

    private static Optional<Admission> named(String id, Arguments arguments, Context context)
            throws IOException {
        var secret =
                secret(arguments, context)
                        .orElseThrow(() ->
                                new UsageException(
                                        "an access key needs --secret-access-key, or AWS_SECRET_ACCESS_KEY"));
        var authority =
                authority(arguments, context)
                        .orElseThrow(() ->
                                new UsageException(
                                        "name the server's ca.pem with --ca, by which the agent knows the server; it is in the server's data folder"));
        return Optional.of(
                key(id, secret, arguments.text("--session-token"), authority, arguments, context));
    }

    /// The environment may be meant for others: what is not complete there is no fault.
    private static Optional<Admission> surrounding(Arguments arguments, Context context)
            throws IOException {
        var id = environment(context, "AWS_ACCESS_KEY_ID");
        var secret = secret(arguments, context);
        var authority = authority(arguments, context);
        if (id.isEmpty() || secret.isEmpty() || authority.isEmpty()) {
            return Optional.empty();
        }
        var session =
                arguments
                        .text("--session-token")
                        .or(() -> environment(context, "AWS_SESSION_TOKEN"));
        return Optional.of(
                key(id.get(), secret.get(), session, authority.get(), arguments, context));
    }

    private static Optional<String> secret(Arguments arguments, Context context) {
        return arguments
                .text("--secret-access-key")
                .or(() -> environment(context, "AWS_SECRET_ACCESS_KEY"));
    }

    private static Optional<String> authority(Arguments arguments, Context context) {
        return arguments.text("--ca").or(() -> environment(context, "AWS_CA_BUNDLE"));
    }

    private static Admission key(
            String id,
            String secret,
            Optional<String> session,
            String authority,
            Arguments arguments,
            Context context)
            throws IOException {
        var region =
                arguments
                        .text("--region")
                        .or(() -> environment(context, "AWS_REGION"))
                        .or(() -> environment(context, "AWS_DEFAULT_REGION"))
                        .orElse(REGION);
        return new Admission.AccessKey(
                id,
                secret,
                session,
                region,
                Files.readString(Path.of(authority), StandardCharsets.ISO_8859_1));
    }

    private static Optional<String> environment(Context context, String name) {
        return Optional.ofNullable(context.environment().get(name))
                .filter(value -> !value.isBlank());
    }
}

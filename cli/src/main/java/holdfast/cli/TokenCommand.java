package holdfast.cli;

import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/// `holdfast token create`: lets one more agent in.
final class TokenCommand {
    private TokenCommand() {}

    static CommandSpec spec() {
        var token = Syntax.group("token", "Makes the one-time tokens that agents enrol with.");
        var create =
                Syntax.asking(
                        "create",
                        "Makes a token that lets one agent enrol once.",
                        TokenCommand::create);
        create.addOption(
                Syntax.option(
                        "--instance",
                        "<id>",
                        "For the agent on a machine that runs this recovery instance elsewhere, from exported images."));
        Syntax.examples(token, List.of("holdfast token create"));
        Syntax.examples(
                create,
                List.of(
                        "holdfast token create",
                        "holdfast agent run --token \"$(holdfast token create)\" --disk /dev/vda --server "
                                + ApiAccess.DEFAULT_URL));
        return token.addSubcommand("create", create);
    }

    private static ExitStatus create(Session session) throws IOException, InterruptedException {
        var request = ApiClient.JSON.createObjectNode();
        session.arguments().text("--instance").ifPresent(id -> request.put("instance", id));
        var answer = session.api().post("/tokens", request);
        if (session.json()) {
            session.print(answer);
        } else {
            // The token alone on standard output, so that $(holdfast token create) is the token.
            session.terminal().result(answer.text("token"));
            session.terminal()
                    .note("good for one agent until " + session.shown(answer.instant("expiresAt")));
        }
        return ExitStatus.OK;
    }
}

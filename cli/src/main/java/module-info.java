/// The `holdfast` command: parses the command line, talks to the server's API and prints. No rules
/// of its own. Nothing is exported and nothing is opened: commands are built without reflection.
module holdfast.cli {
    requires holdfast.agent;
    requires holdfast.base;
    requires holdfast.failback;
    requires info.picocli;
    requires java.net.http;
    requires tools.jackson.databind;
    // Not on a machine that is failed back to, where FailbackMain runs alone.
    requires static holdfast.demo;
    requires static holdfast.images;
    requires static holdfast.server;

    provides System.LoggerFinder with
            holdfast.cli.StandardErrorLog;
}

/// The `holdfast` command: parses the command line, talks to the server's API and prints. No rules
/// of its own. Nothing is exported and nothing is opened: commands are built without reflection.
module holdfast.cli {
    requires holdfast.agent;
    requires holdfast.base;
    requires holdfast.demo;
    requires holdfast.failback;
    requires holdfast.server;
    requires info.picocli;
    requires java.net.http;
    requires tools.jackson.databind;

    provides System.LoggerFinder with
            holdfast.cli.StandardErrorLog;
}

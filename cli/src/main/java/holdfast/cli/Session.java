package holdfast.cli;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// One command's turn with the server: what it was asked, where it prints, whom it asks.
record Session(Arguments arguments, Context context, ApiClient api) {
    /// What a command does with the server's help.
    @FunctionalInterface
    interface Turn {
        ExitStatus take(Session session) throws IOException, InterruptedException;
    }

    /// An action that connects first and lets go of the connection afterwards.
    static Action with(Turn turn) {
        return (arguments, context) -> {
            try (var api = new ApiClient(ApiAccess.of(arguments, context))) {
                return turn.take(new Session(arguments, context, api));
            }
        };
    }

    Terminal terminal() {
        return context.terminal();
    }

    boolean json() {
        return arguments.flag("--json");
    }

    /// A line for people: part of the result, or, where the result is JSON, beside it.
    void tell(String line) {
        if (json()) {
            terminal().note(line);
        } else {
            terminal().result(line);
        }
    }

    void print(Answer answer) {
        terminal().result(answer.json().toPrettyString());
    }

    /// Prints the table, or `instead` when it would be empty.
    void print(Table table, String instead) {
        if (table.empty()) {
            terminal().result(instead);
        } else {
            table.lines().forEach(terminal()::result);
        }
    }

    /// In the local zone, `-` for none.
    String shown(Optional<Instant> instant) {
        return instant.map(at -> TimeArgument.shown(at, context.zone())).orElse("-");
    }

    /// The instant of a point, with all its digits; `-` for none.
    String pointShown(Answer point) {
        return point.instant("instant")
                .map(at -> TimeArgument.exact(at, context.zone()))
                .orElse("-");
    }

    /// The instant that `--at`, `--from` or `--to` names.
    Optional<Instant> time(String option) {
        return arguments
                .text(option)
                .map(text -> TimeArgument.parse(text, context.time().now(), context.zone()));
    }

    /// Waits for the job, telling each phase.
    Answer await(Answer job) throws IOException, InterruptedException {
        return new JobFollower(api, context, this::tell).await(job);
    }

    /// The source server that `name` means, by id or host name.
    Answer server(String name) throws IOException, InterruptedException {
        return new SourceServers(api.get("/servers").list("servers")).find(name);
    }

    List<Answer> servers(List<String> names) throws IOException, InterruptedException {
        var known = new SourceServers(api.get("/servers").list("servers"));
        return names.stream().map(known::find).toList();
    }
}

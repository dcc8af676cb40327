package holdfast.cli;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// A parsed command line, from the outermost command to the one that runs. An option given to an
/// outer command counts for the inner one too, so `servers --json show x` and `servers show x
/// --json` mean the same.
///
/// @param chain parse results, outermost first; the last is the command that runs
record Arguments(List<ParseResult> chain) {
    Arguments {
        chain = List.copyOf(chain);
    }

    static Arguments of(ParseResult root) {
        return new Arguments(
                root.asCommandLineList().stream().map(c -> c.getParseResult()).toList());
    }

    /// The command that runs.
    CommandSpec spec() {
        return chain.getLast().commandSpec();
    }

    boolean flag(String option) {
        return chain.stream().anyMatch(result -> result.hasMatchedOption(option));
    }

    /// The option's value, or its default, or empty when it has neither.
    Optional<String> text(String option) {
        return value(option, String.class);
    }

    Optional<Integer> number(String option) {
        return value(option, Integer.class);
    }

    List<String> texts(String option) {
        return chain.reversed().stream()
                .filter(result -> result.hasMatchedOption(option))
                .findFirst()
                .map(result -> List.of(result.<String[]>matchedOptionValue(option, new String[0])))
                .orElse(List.of());
    }

    /// A required positional parameter; its absence was refused while parsing.
    String positional(int index) {
        return chain.getLast().matchedPositionalValue(index, "");
    }

    /// All positional parameters of a command that takes a list.
    List<String> positionals() {
        return List.of(chain.getLast().matchedPositionalValue(0, new String[0]));
    }

    private <T> Optional<T> value(String option, Class<T> type) {
        return chain.reversed().stream()
                .map(ParseResult::commandSpec)
                .map(spec -> spec.findOption(option))
                .filter(found -> found != null && found.getValue() != null)
                .findFirst()
                .map(found -> type.cast(found.getValue()));
    }
}

package holdfast.cli;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// An object of the API, read leniently: a member that is missing or null reads as empty or zero,
/// so that a newer server, which says more, and a young server, which knows less, can both be
/// shown.
///
/// @param json the object as the server sent it, which is what `--json` prints
record Answer(JsonNode json) {
    /// Empty when there is none.
    String text(String member) {
        return json.path(member).asString("");
    }

    /// Zero when there is none.
    long number(String member) {
        return json.path(member).asLong(0);
    }

    boolean flag(String member) {
        return json.path(member).asBoolean(false);
    }

    /// Whether the member is there and not null.
    boolean has(String member) {
        return json.hasNonNull(member);
    }

    Optional<Instant> instant(String member) {
        try {
            return text(member).isEmpty()
                    ? Optional.empty()
                    : Optional.of(Instant.parse(text(member)));
        } catch (DateTimeParseException _) {
            return Optional.empty();
        }
    }

    Answer child(String member) {
        return new Answer(json.path(member));
    }

    List<Answer> list(String member) {
        return json.path(member).values().stream().map(Answer::new).toList();
    }
}

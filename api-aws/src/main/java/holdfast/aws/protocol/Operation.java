package holdfast.aws.protocol;

import java.io.IOException;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One operation of a service.
///
/// @param uri with labels in braces
/// @param status of success
/// @param errors types that the model lets it answer with
/// @param <I> its input
public record Operation<I>(
        String name,
        String method,
        String uri,
        int status,
        Set<String> errors,
        Function<RequestInput, I> reader,
        Validator<I> validator,
        Handler<I> handler) {
    /// Checks every constraint of the model.
    @FunctionalInterface
    public interface Validator<I> {
        void validate(Violations violations, MemberPath path, I input);
    }

    /// Does it.
    @FunctionalInterface
    public interface Handler<I> {
        /// @return null where the operation has no output
        @Nullable Structure handle(RequestContext context, I input) throws IOException;
    }
}

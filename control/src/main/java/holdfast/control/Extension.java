package holdfast.control;

import java.util.Optional;

/// A server of one account that is shown and recovered in another, where it has settings, tags,
/// jobs and instances of its own. Its agent, replica and points are those of the server that it is
/// extended from, its origin.
///
/// @param server its id where it is shown
/// @param origin the id of the server that it is extended from
/// @param account that has the origin, the staging account
public record Extension(String server, String origin, String account) {
    /// @param fault why it cannot be recovered, if so
    public record View(Extension extension, Optional<String> fault) {}
}

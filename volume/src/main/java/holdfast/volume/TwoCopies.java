package holdfast.volume;

import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;

/// Small objects that many others depend on are stored twice, so that one damaged place loses
/// nothing. The first copy is the one that counts: but for moments there is no second without it.
final class TwoCopies {
    /// Ends the second copy's name.
    private static final String SECOND = ".2";

    private TwoCopies() {}

    /// Makes an object from its bytes.
    @FunctionalInterface
    interface Decoder<T> {
        T decode(ByteBuffer bytes) throws IOException;
    }

    /// Durable on return.
    static void put(StagingStorage storage, String name, ByteBuffer bytes) throws IOException {
        storage.put(name, bytes.duplicate());
        storage.put(name + SECOND, bytes.duplicate());
    }

    /// The object, from whichever copy is sound.
    ///
    /// @throws DamagedFormatException if neither is
    static <T> T get(StagingStorage storage, String name, Decoder<T> decoder) throws IOException {
        try {
            return decoder.decode(storage.get(name));
        } catch (DamagedFormatException e) {
            try {
                return decoder.decode(storage.get(name + SECOND));
            } catch (DamagedFormatException | NoSuchFileException _) {
                throw e;
            }
        }
    }

    /// Stores both again from whichever is sound, if one is missing or not; durable on return.
    /// Leaves alone what is damaged in both.
    ///
    /// @return whether one was not
    static <T> boolean mend(StagingStorage storage, String name, Decoder<T> decoder)
            throws IOException {
        var first = sound(storage, name, decoder);
        var second = sound(storage, name + SECOND, decoder);
        if (first.isPresent() == second.isPresent()) {
            return false;
        }
        put(storage, name, first.or(() -> second).orElseThrow());
        return true;
    }

    private static <T> Optional<ByteBuffer> sound(
            StagingStorage storage, String name, Decoder<T> decoder) throws IOException {
        try {
            var bytes = storage.get(name);
            decoder.decode(bytes.duplicate());
            return Optional.of(bytes);
        } catch (DamagedFormatException | NoSuchFileException _) {
            return Optional.empty();
        }
    }

    /// Both, the first one first.
    static List<String> names(String name) {
        return List.of(name, name + SECOND);
    }

    /// Removes both, as [StagingStorage#destroy] does; durable on return.
    static void destroy(StagingStorage storage, String name) throws IOException {
        storage.destroy(name + SECOND);
        storage.destroy(name);
    }

    /// Removes both; durable on return.
    static void delete(StagingStorage storage, String name) throws IOException {
        storage.delete(name + SECOND);
        storage.delete(name);
    }

    /// The name of the first copy of what has a copy of that name.
    static String first(String name) {
        return isSecond(name) ? name.substring(0, name.length() - SECOND.length()) : name;
    }

    static boolean isSecond(String name) {
        return name.endsWith(SECOND);
    }
}

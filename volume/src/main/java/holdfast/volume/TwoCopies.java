package holdfast.volume;

import holdfast.format.DamagedFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
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

    /// Stores the copies that are missing or damaged again: from the other one, or if both are,
    /// from what else knows the object. Durable on return. Nobody may store or delete it meanwhile.
    ///
    /// @param known is asked if neither copy is sound
    /// @return whether any was stored
    static <T> boolean mend(StagingStorage storage, String name, Decoder<T> decoder, Known known)
            throws IOException {
        var sound = new ArrayList<ByteBuffer>();
        var unsound = new ArrayList<String>();
        for (var copy : names(name)) {
            sound(storage, copy, decoder).ifPresentOrElse(sound::add, () -> unsound.add(copy));
        }
        if (unsound.isEmpty()) {
            return false;
        }
        var bytes = sound.isEmpty() ? known.bytes() : Optional.of(sound.getFirst());
        if (bytes.isEmpty()) {
            return false;
        }
        for (var copy : unsound) {
            storage.put(copy, bytes.get().duplicate());
        }
        return true;
    }

    /// What has an object's bytes besides its copies.
    @FunctionalInterface
    interface Known {
        Optional<ByteBuffer> bytes() throws IOException;
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

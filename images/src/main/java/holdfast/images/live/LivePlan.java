package holdfast.images.live;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What goes into a live system besides the client.
///
/// @param authority PEM certificate of the installation that its client trusts
/// @param kernelArguments words for the kernel's command line: settings for the start, and after
///   `--` arguments of the client
public record LivePlan(Optional<byte[]> authority, List<String> kernelArguments) {
    /// The kernel cuts its command line off at 2,048 bytes (Linux `arch/x86/include/asm/setup.h`,
    /// `COMMAND_LINE_SIZE`); ours takes some.
    private static final int ARGUMENTS_CHARS_MAX = 1800;

    /// What neither GRUB's nor the kernel's parser takes for its own.
    private static final Pattern WORD = Pattern.compile("[!#-&(-~]+");

    public LivePlan {
        kernelArguments = List.copyOf(kernelArguments);
    }

    /// @param authority file with a PEM certificate
    /// @param kernelArguments words between blanks
    /// @throws RefusalException if there is no certificate, or the kernel could not take the words
    public static LivePlan of(Optional<Path> authority, String kernelArguments) throws IOException {
        var words = List.of(kernelArguments.strip().split("\\s+"));
        if (words.equals(List.of(""))) {
            words = List.of();
        }
        if (kernelArguments.length() > ARGUMENTS_CHARS_MAX) {
            throw new RefusalException(
                    "malformed-request",
                    "the kernel's arguments have "
                            + kernelArguments.length()
                            + " characters, and it takes at most "
                            + ARGUMENTS_CHARS_MAX);
        }
        for (var word : words) {
            if (!WORD.matcher(word).matches()) {
                throw new RefusalException(
                        "malformed-request",
                        "the kernel's argument " + word + " has quotes or characters beyond ASCII");
            }
        }
        return new LivePlan(
                authority.isPresent()
                        ? Optional.of(certificate(authority.get()))
                        : Optional.empty(),
                words);
    }

    private static byte[] certificate(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            CertificateFactory.getInstance("X.509").generateCertificate(in);
            return Files.readAllBytes(file);
        } catch (NoSuchFileException _) {
            throw new RefusalException(
                    "no-authority",
                    file + " is not there: name ca.pem in the server's data folder");
        } catch (CertificateException e) {
            throw new RefusalException(
                    "no-authority", file + " is no PEM certificate: " + e.getMessage());
        }
    }
}

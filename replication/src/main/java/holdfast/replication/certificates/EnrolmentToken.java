package holdfast.replication.certificates;

import holdfast.base.RandomSource;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.regex.Pattern;

/// What an operator carries from the server to a new agent: proof that the agent may enrol, and the
/// fingerprint by which the agent knows the right server at first contact.
///
/// Its text is `hf1.<id>.<secret>.<fingerprint>`, the last three in Base64 for URLs. Whoever keeps
/// tokens keeps [#secretHash] only, found by [#id].
///
/// @param id names the token where tokens are kept; 8 random bytes, not secret
/// @param secret 32 random bytes
/// @param fingerprint SHA-256 of the authority's certificate
public record EnrolmentToken(String id, byte[] secret, byte[] fingerprint) {
    private static final String VERSION = "hf1";
    private static final int ID_BYTES = 8;
    private static final int SECRET_BYTES = 32;
    private static final int FINGERPRINT_BYTES = 32;
    private static final Pattern LATER_VERSION = Pattern.compile("hf[0-9]+");

    /// A new token for the installation of this authority.
    public static EnrolmentToken create(RandomSource random, CertificateAuthority authority) {
        var id = new byte[ID_BYTES];
        random.fill(id);
        var secret = new byte[SECRET_BYTES];
        random.fill(secret);
        return new EnrolmentToken(encode(id), secret, authority.fingerprint());
    }

    /// Reads a token's text; space around it is ignored.
    ///
    /// @throws IllegalArgumentException if it is no token; the message says why, but not the text
    public static EnrolmentToken parse(String text) {
        var parts = text.strip().split("\\.", -1);
        if (!parts[0].equals(VERSION)) {
            throw new IllegalArgumentException(
                    LATER_VERSION.matcher(parts[0]).matches()
                            ? "enrolment token of version "
                                    + parts[0]
                                    + ", this agent knows "
                                    + VERSION
                                    + ": upgrade the agent"
                            : "not an enrolment token: it does not begin with '" + VERSION + ".'");
        }
        if (parts.length != 4) {
            throw new IllegalArgumentException(
                    "enrolment token of "
                            + parts.length
                            + " parts, expected 4: copy the whole token, in one line");
        }
        return new EnrolmentToken(
                encode(decode("id", parts[1], ID_BYTES)),
                decode("secret", parts[2], SECRET_BYTES),
                decode("fingerprint", parts[3], FINGERPRINT_BYTES));
    }

    /// The whole token, secret and all: to be shown once, to whom asked for it.
    public String text() {
        return String.join(".", VERSION, id, encode(secret), encode(fingerprint));
    }

    /// What may be kept of the secret: its SHA-256. A plain hash is enough, since nobody can try
    /// out 256 random bits.
    public byte[] secretHash() {
        return Keys.sha256(secret);
    }

    /// Whether the secret is the one of the hash; takes the same time whatever differs.
    public boolean matches(byte[] secretHash) {
        return MessageDigest.isEqual(secretHash(), secretHash);
    }

    @Override
    public String toString() {
        return "EnrolmentToken[" + id + "]"; // not the secret
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static byte[] decode(String part, String text, int length) {
        var wrong = "enrolment token: its " + part + " is damaged: copy the whole token";
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(wrong, e);
        }
        if (bytes.length != length) {
            throw new IllegalArgumentException(wrong);
        }
        return bytes;
    }
}

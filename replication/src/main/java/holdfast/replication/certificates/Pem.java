package holdfast.replication.certificates;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// The textual encoding of RFC 7468, for certificates, requests and keys.
final class Pem {
    static final String CERTIFICATE = "CERTIFICATE";
    static final String REQUEST = "CERTIFICATE REQUEST";
    static final String KEY = "PRIVATE KEY";

    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";
    private static final Base64.Encoder LINES =
            Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));

    private Pem() {}

    static String encode(String label, byte[] der) {
        return BEGIN
                + label
                + DASHES
                + "\n"
                + LINES.encodeToString(der)
                + "\n"
                + END
                + label
                + DASHES
                + "\n";
    }

    static String encode(X509Certificate certificate) {
        try {
            return encode(CERTIFICATE, certificate.getEncoded());
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("a certificate that was parsed has an encoding", e);
        }
    }

    /// All parts with this label, in order; text between the parts is skipped.
    ///
    /// @param what names the text in messages
    /// @throws IOException if a part does not end, or is not Base64
    static List<byte[]> decode(String what, String label, String text) throws IOException {
        var parts = new ArrayList<byte[]>();
        var begin = BEGIN + label + DASHES;
        var end = END + label + DASHES;
        for (var at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at)) {
            var from = at + begin.length();
            var to = text.indexOf(end, from);
            if (to < 0) {
                throw new IOException(what + ": no line '" + end + "': the text is cut off");
            }
            try {
                parts.add(Base64.getMimeDecoder().decode(text.substring(from, to)));
            } catch (IllegalArgumentException e) {
                throw new IOException(what + ": part '" + label + "' is not Base64", e);
            }
            at = to;
        }
        return parts;
    }

    /// @throws IOException if there is none, or one is malformed
    static List<X509Certificate> certificates(String what, String text) throws IOException {
        var certificates = parse(what, decode(what, CERTIFICATE, text));
        if (certificates.isEmpty()) {
            throw new IOException(what + ": found no certificate in PEM form");
        }
        return certificates;
    }

    /// @param encoded X.509 in DER
    /// @throws IOException if one is malformed
    static List<X509Certificate> parse(String what, List<byte[]> encoded) throws IOException {
        var certificates = new ArrayList<X509Certificate>();
        for (var der : encoded) {
            try {
                var factory = CertificateFactory.getInstance("X.509");
                var certificate = factory.generateCertificate(new ByteArrayInputStream(der));
                certificates.add((X509Certificate) certificate);
            } catch (GeneralSecurityException e) {
                throw new IOException(what + ": not an X.509 certificate: " + e.getMessage(), e);
            }
        }
        return certificates;
    }

    /// @throws IOException if there is no elliptic-curve key
    static PrivateKey key(String what, String text) throws IOException {
        var parts = decode(what, KEY, text);
        if (parts.size() != 1) {
            throw new IOException(what + ": found " + parts.size() + " private keys, expected 1");
        }
        try {
            var spec = new PKCS8EncodedKeySpec(parts.getFirst());
            return KeyFactory.getInstance("EC").generatePrivate(spec);
        } catch (GeneralSecurityException e) {
            throw new IOException(what + ": not an elliptic-curve private key", e);
        }
    }
}

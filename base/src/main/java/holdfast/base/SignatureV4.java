package holdfast.base;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// The arithmetic of AWS's Signature Version 4 (AWS General Reference, "Signature Version 4 signing
/// process"), of which signer and verifier use the same.
///
/// @param date `yyyyMMdd`
/// @param region such as `eu-central-1`
/// @param service such as `drs`
public record SignatureV4(String date, String region, String service) {
    public static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final String END = "aws4_request";

    /// What a credential is scoped to: `20261121/eu-central-1/drs/aws4_request`.
    public String scope() {
        return String.join("/", date, region, service, END);
    }

    /// @param time `yyyyMMdd'T'HHmmss'Z'`
    /// @param canonicalRequest the request in the form that both sides sign
    /// @return in lower-case hex
    public String of(String secret, String time, String canonicalRequest) {
        var toSign = String.join("\n", ALGORITHM, time, scope(), sha256(utf8(canonicalRequest)));
        var key = utf8("AWS4" + secret);
        for (var part : new String[] {date, region, service, END}) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(hmac(key, toSign));
    }

    /// In lower-case hex.
    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(utf8(text));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}

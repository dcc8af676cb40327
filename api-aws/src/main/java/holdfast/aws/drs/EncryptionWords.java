package holdfast.aws.drs;

import holdfast.aws.drs.model.ReplicationConfigurationEbsEncryption;
import holdfast.aws.protocol.RequestContext;
import holdfast.base.RefusalException;
import holdfast.control.EncryptionKeys;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a request says of encryption: `ebsEncryption` and `ebsEncryptionKeyArn`.
///
/// @param encryption empty if it does not say it
/// @param key that it names, which there is; empty if it names none
record EncryptionWords(
        Optional<ReplicationConfigurationEbsEncryption> encryption, Optional<UUID> key) {
    private static final Pattern ARN =
            Pattern.compile(
                    "arn:aws:kms:[a-z0-9-]+:([0-9]{12}):key/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})");

    private static final String MEMBER = "ebsEncryptionKeyArn";

    /// @param arn empty or absent names no key
    /// @throws holdfast.aws.protocol.ServiceException if the caller's account has no such key
    static EncryptionWords of(
            RequestContext context,
            EncryptionKeys keys,
            @Nullable ReplicationConfigurationEbsEncryption encryption,
            @Nullable String arn)
            throws IOException {
        var named =
                arn == null || arn.isEmpty()
                        ? Optional.<UUID>empty()
                        : Optional.of(known(context, keys, arn));
        return new EncryptionWords(Optional.ofNullable(encryption), named);
    }

    private static UUID known(RequestContext context, EncryptionKeys keys, String arn)
            throws IOException {
        var parts = ARN.matcher(arn);
        if (parts.matches() && parts.group(1).equals(context.account())) {
            try {
                return keys.get(UUID.fromString(parts.group(2))).id();
            } catch (RefusalException _) {
                // told below
            }
        }
        throw DrsRules.invalid(
                MEMBER,
                String.format(
                        Locale.ROOT,
                        "this account has no encryption key %s: `holdfast encryption-keys create` makes one, `holdfast encryption-keys list` tells the ARNs of those there are",
                        arn));
    }

    /// The key that is to wrap data keys after the request.
    ///
    /// @throws holdfast.aws.protocol.ServiceException if it contradicts itself, or does not say
    ///   which key
    Optional<UUID> after(Optional<UUID> before) {
        var custom =
                encryption.isPresent()
                        ? encryption.get() == ReplicationConfigurationEbsEncryption.CUSTOM
                        : before.isPresent();
        if (!custom && key.isPresent()) {
            throw DrsRules.invalid(
                    MEMBER, "a key is used with ebsEncryption CUSTOM only: say that, too");
        }
        if (custom && key.isEmpty() && before.isEmpty()) {
            throw DrsRules.invalid(
                    MEMBER,
                    "CUSTOM needs the ARN of an encryption key: `holdfast encryption-keys create` makes one");
        }
        return custom ? key.or(() -> before) : Optional.empty();
    }

    /// How settings are told.
    static ReplicationConfigurationEbsEncryption told(
            Optional<UUID> key, @Nullable ReplicationConfigurationEbsEncryption kept) {
        if (key.isPresent()) {
            return ReplicationConfigurationEbsEncryption.CUSTOM;
        }
        return kept == ReplicationConfigurationEbsEncryption.NONE
                ? kept
                : ReplicationConfigurationEbsEncryption.DEFAULT;
    }

    /// The key's ARN: as it was given where that is known, since clients compare it.
    ///
    /// @param account that has the key
    /// @param kept the ARN that was given last
    static @Nullable String told(
            RequestContext context, String account, Optional<UUID> key, @Nullable String kept) {
        if (key.isEmpty()) {
            return null;
        }
        var resource = "key/" + key.get();
        return kept != null && kept.endsWith(":" + resource)
                ? kept
                : RequestContext.arn("kms", context.region(), account, resource);
    }
}

package holdfast.control;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The lines of the audit log and the codes that join them (docs/formats/audit.md). Stateless.
record AuditChain(SecretKey key) {
    private static final String CODE = ",\"mac\":\"";
    private static final int CODE_LENGTH = 64;
    private static final String END = "\"}";

    /// A line's place in the chain.
    record Link(long sequence, String code) {
        static final Link START = new Link(0, "0".repeat(CODE_LENGTH));
    }

    record Line(String text, String code) {}

    static ObjectNode json(AuditEntry entry) {
        var json = JsonNodeFactory.instance.objectNode();
        json.put("phase", entry.phase().name()).put("call", entry.call()).put("peer", entry.peer());
        entry.who().ifPresent(who -> json.put("who", who));
        entry.key().ifPresent(id -> json.put("key", id));
        entry.session().ifPresent(session -> json.put("session", session));
        json.put("action", entry.action());
        if (!entry.on().isEmpty()) {
            entry.on().forEach(json.putArray("on")::add);
        }
        if (!entry.with().isEmpty()) {
            var with = json.putObject("with");
            entry.with().entrySet().stream()
                    .sorted(Map.Entry.comparingByKey())
                    .forEach(member -> with.put(member.getKey(), member.getValue()));
        }
        if (entry.status() > 0) {
            json.put("status", entry.status());
        }
        entry.error().ifPresent(error -> json.put("error", error));
        return json;
    }

    Line line(long sequence, Instant at, ObjectNode entry, String codeBefore) {
        var json = JsonNodeFactory.instance.objectNode().put("seq", sequence);
        json.put("at", at.toString()).setAll(entry);
        var object = json.toString();
        var text = object.substring(0, object.length() - 1);
        var code = code(codeBefore, text);
        return new Line(text + CODE + code + END, code);
    }

    private String code(String before, String text) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(before.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }

    /// The line's place, if it was written so after the one before.
    Optional<Link> check(String line, Link before) {
        var textLength = line.length() - CODE.length() - CODE_LENGTH - END.length();
        if (textLength < 0 || !line.startsWith(CODE, textLength) || !line.endsWith(END)) {
            return Optional.empty();
        }
        var found = link(line);
        var expected = code(before.code(), line.substring(0, textLength));
        var sound =
                found.sequence() == before.sequence() + 1
                        && MessageDigest.isEqual(
                                expected.getBytes(StandardCharsets.US_ASCII),
                                found.code().getBytes(StandardCharsets.US_ASCII));
        return sound ? Optional.of(found) : Optional.empty();
    }

    /// What a line says of its place; nothing is proven by it.
    static Link link(String line) {
        var json = parse(line);
        return new Link(json.path("seq").asLong(0), json.path("mac").asString(""));
    }

    /// The place of the last line, whatever has become of those that cannot be read.
    static Link last(List<String> lines) {
        var unreadable = 0;
        for (var line : lines.reversed()) {
            var link = link(line);
            if (link.sequence() > 0) {
                return new Link(link.sequence() + unreadable, link.code());
            }
            unreadable++;
        }
        return Link.START;
    }

    /// A line that is none is shown as such: it must not hide the others.
    static ObjectNode parse(String line) {
        try {
            if (JsonMapper.shared().readTree(line) instanceof ObjectNode json) {
                return json;
            }
        } catch (JacksonException _) {
            // told below
        }
        return JsonNodeFactory.instance
                .objectNode()
                .put("phase", "DAMAGED")
                .put("action", "a line that cannot be read");
    }

    /// Up to the end of the last line that is whole.
    static int wholeBytes(byte[] bytes) {
        for (var i = bytes.length; i > 0; i--) {
            if (bytes[i - 1] == '\n') {
                return i;
            }
        }
        return 0;
    }
}

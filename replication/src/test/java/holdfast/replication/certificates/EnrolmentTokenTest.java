package holdfast.replication.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class EnrolmentTokenTest {
    private static final String TEXT =
            "hf1.AAECAwQFBgc.ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
                    + ".QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8";

    @Test
    void isReadAsItWasWritten() {
        var token = EnrolmentToken.parse("  " + TEXT + "\n");
        assertThat(token.id()).isEqualTo("AAECAwQFBgc");
        assertThat(token.secret()).hasSize(32).startsWith(0x20, 0x21).endsWith(0x3f);
        assertThat(token.fingerprint()).hasSize(32).startsWith(0x40, 0x41).endsWith(0x5f);
        assertThat(token.text()).isEqualTo(TEXT);
    }

    @Test
    void onlyItsOwnSecretMatchesItsHash() {
        var token = EnrolmentToken.parse(TEXT);
        var hash = token.secretHash();
        assertThat(token.matches(hash)).isTrue();
        var secret = token.secret().clone();
        secret[31] ^= 1;
        var other = new EnrolmentToken(token.id(), secret, token.fingerprint());
        assertThat(other.matches(hash)).isFalse();
        assertThat(hash).isNotEqualTo(token.secret());
    }

    @Test
    void itsSecretIsNotInMessages() {
        var token = EnrolmentToken.parse(TEXT);
        assertThat(token.toString()).doesNotContain("ICEiIyQl").contains(token.id());
        assertThatThrownBy(() -> EnrolmentToken.parse(TEXT + "?"))
                .hasMessageNotContaining("ICEiIyQl");
    }

    @Test
    void whatIsNoTokenIsNamed() {
        assertThatThrownBy(() -> EnrolmentToken.parse(""))
                .hasMessageContaining("not an enrolment token");
        assertThatThrownBy(() -> EnrolmentToken.parse("secret"))
                .hasMessageContaining("does not begin with 'hf1.'");
        assertThatThrownBy(() -> EnrolmentToken.parse("hf2.a.b.c"))
                .hasMessageContaining("upgrade the agent");
        assertThatThrownBy(() -> EnrolmentToken.parse(TEXT.substring(0, 50)))
                .hasMessageContaining("3 parts, expected 4");
        assertThatThrownBy(() -> EnrolmentToken.parse(TEXT.substring(0, TEXT.length() - 4)))
                .hasMessageContaining("its fingerprint is damaged");
        assertThatThrownBy(() -> EnrolmentToken.parse(TEXT.replace("ICEi", "IC!i")))
                .hasMessageContaining("its secret is damaged");
    }
}

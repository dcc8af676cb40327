package holdfast.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Users, roles, keys and sessions: who is accepted, for what, and until when.
class IdentityTest {
    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir Path directory;

    private Installation installation;
    private Controller controller;

    @BeforeEach
    void open() throws IOException {
        installation = new Installation(directory);
        controller = installation.controller();
    }

    @AfterEach
    void close() throws IOException {
        installation.close();
    }

    private void restart() throws IOException {
        installation.restart();
        controller = installation.controller();
    }

    private AccessKey.Created key(String user, String role) throws IOException {
        controller.users().create(user, role);
        return controller.accessKeys().create(user);
    }

    private Optional<Signer> signer(AccessKey.Created key) throws IOException {
        return controller.sessions().signer(key.key().id(), Optional.empty());
    }

    private Optional<Signer> signer(Sessions.Credentials session) throws IOException {
        return controller.sessions().signer(session.accessKey(), Optional.of(session.token()));
    }

    private static void assertRefused(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RefusalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void aKeySignsForItsUserAcrossARestartUntilItIsDeleted() throws IOException {
        var key = key("ops", "operator");
        assertThat(key.key().id()).matches("AKIA[A-Z2-7]{16}");
        assertThat(key.secret()).hasSize(40);
        assertThat(key.toString()).doesNotContain(key.secret());
        restart();
        var signer = signer(key).orElseThrow();
        assertThat(signer.secret()).isEqualTo(key.secret());
        assertThat(signer.user()).isEqualTo("ops");
        assertThat(signer.permits("drs:StartRecovery")).isTrue();
        assertThat(signer.permits("drs:DeleteSourceServer")).isFalse();
        assertThat(signer.toString()).doesNotContain(key.secret());
        controller.accessKeys().delete(key.key().id());
        assertThat(signer(key)).isEmpty();
        assertRefused("unknown-key", () -> controller.accessKeys().delete(key.key().id()));
    }

    @Test
    void aDisabledKeyIsNotAcceptedUntilItIsEnabled() throws IOException {
        var key = key("ops", "operator");
        controller.accessKeys().activate(key.key().id(), false);
        assertThat(signer(key)).isEmpty();
        controller.accessKeys().activate(key.key().id(), true);
        assertThat(signer(key)).isPresent();
    }

    @Test
    void aRotatedKeyIsAcceptedForAsLongAsWasSaid() throws IOException {
        var old = key("ops", "operator");
        var fresh = controller.accessKeys().rotate(old.key().id(), HOUR);
        assertThat(fresh.key().user()).isEqualTo("ops");
        installation.time.advance(HOUR.minusSeconds(1));
        assertThat(signer(old)).isPresent();
        installation.time.advance(Duration.ofSeconds(1));
        assertThat(signer(old)).isEmpty();
        assertThat(signer(fresh)).isPresent();
        assertRefused("key-inactive", () -> controller.accessKeys().rotate(old.key().id(), HOUR));
    }

    @Test
    void anotherRotationMakesTheOldKeyLastNoLonger() throws IOException {
        var old = key("ops", "operator");
        controller.accessKeys().rotate(old.key().id(), HOUR);
        controller.accessKeys().rotate(old.key().id(), HOUR.multipliedBy(5));
        installation.time.advance(HOUR);
        assertThat(signer(old)).isEmpty();
    }

    @Test
    void aDeletedUserTakesItsKeysAndSessionsAlong() throws IOException {
        var key = key("ops", "operator");
        var session = controller.sessions().own(signer(key).orElseThrow(), HOUR);
        assertThat(signer(session)).isPresent();
        controller.users().delete("ops");
        assertThat(signer(key)).isEmpty();
        assertThat(signer(session)).isEmpty();
        assertThat(controller.accessKeys().list()).isEmpty();
        key("ops", "admin");
        assertThat(signer(session)).as("another user of that name").isEmpty();
    }

    @Test
    void aUsersOtherRoleCountsFromTheNextCallOn() throws IOException {
        var key = key("ops", "read-only");
        var session = controller.sessions().own(signer(key).orElseThrow(), HOUR);
        assertThat(signer(key).orElseThrow().permits("drs:StartRecovery")).isFalse();
        controller.users().update("ops", "operator");
        assertThat(signer(key).orElseThrow().permits("drs:StartRecovery")).isTrue();
        assertThat(signer(session).orElseThrow().permits("drs:StartRecovery")).isTrue();
    }

    @Test
    void aSessionEndsWhenItWasSaidToAndNoKeyOpensWithoutItsToken() throws IOException {
        var key = key("ops", "operator");
        var session = controller.sessions().own(signer(key).orElseThrow(), HOUR);
        assertThat(session.accessKey()).matches("ASIA[A-Z2-7]{16}");
        assertThat(session.toString()).doesNotContain(session.secret(), session.token());
        restart(); // tokens outlive a restart
        installation.time.advance(HOUR.minus(Jobs.LEASE).minusSeconds(2));
        assertThat(signer(session).orElseThrow().secret()).isEqualTo(session.secret());
        var sessions = controller.sessions();
        assertThat(sessions.signer(session.accessKey(), Optional.empty())).isEmpty();
        assertThat(sessions.signer(key.key().id(), Optional.of(session.token()))).isEmpty();
        installation.time.advance(Duration.ofSeconds(1));
        assertRefused("token-expired", () -> signer(session));
    }

    /// Whatever bit of a token is flipped, nobody is let in.
    @Test
    void aTokenThatWasTamperedWithIsNotAccepted() throws IOException {
        var session = controller.sessions().own(signer(key("ops", "admin")).orElseThrow(), HOUR);
        for (var i = 0; i < session.token().length(); i++) {
            var token = new StringBuilder(session.token());
            token.setCharAt(i, token.charAt(i) == 'A' ? 'B' : 'A');
            if (i == token.length() - 1) {
                continue; // its last character may hold bits that Base64 leaves unused
            }
            assertThat(
                            controller
                                    .sessions()
                                    .signer(session.accessKey(), Optional.of(token.toString())))
                    .as("character %d", i)
                    .isEmpty();
        }
        assertThat(controller.sessions().signer(session.accessKey(), Optional.of(""))).isEmpty();
    }

    @Test
    void aRoleIsAssumedByWhoMayAndOnlyThen() throws IOException {
        var operator = key("ops", "operator");
        var caller = signer(operator).orElseThrow();
        var sessions = controller.sessions();
        var assumed =
                sessions.assume(caller, caller.account(), "failback-installation", "site-b", HOUR);
        var signer = signer(assumed).orElseThrow();
        assertThat(signer.role()).isEqualTo(Role.FAILBACK_INSTALLATION);
        assertThat(signer.user()).isEqualTo("ops");
        assertThat(signer.session().orElseThrow().name()).isEqualTo("site-b");
        assertThat(signer.permits("drs:StartRecovery")).isFalse();
        for (var role : List.of("admin", "agent-installation", "nobody")) {
            assertRefused(
                    "role-denied",
                    () -> sessions.assume(caller, caller.account(), role, "x", HOUR));
        }
        assertRefused(
                "session-of-session",
                () -> sessions.assume(signer, signer.account(), "read-only", "x", HOUR));
        assertRefused("session-of-session", () -> sessions.own(signer, HOUR));
        controller.users().update("ops", "read-only");
        assertThat(signer(assumed)).as("may assume it no more").isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "drs:StartRecovery, drs:StartRecovery, true",
        "drs:startrecovery, drs:StartRecovery, true",
        "drs:StartRecovery, drs:StartRecoveryPlanExecution, false",
        "drs:Describe*, drs:DescribeJobs, true",
        "drs:Describe*, mgn:DescribeJobs, false",
        "drs:Describe*, x:drs:DescribeJobs, false",
        "drs:*Jobs, drs:DescribeJobs, true",
        "drs:*Job, drs:DescribeJobs, false",
        "drs:*b*b*b*b*b*b*c, drs:bbbbbbbbbbbbbbbbbbbbbbbbbbbb, false",
        "drs:DescribeJob?, drs:DescribeJobs, true",
        "drs:DescribeJobs?, drs:DescribeJobs, false",
        "*, drs:DeleteSourceServer, true"
    })
    void patternsMeanWhatTheyMeanInIam(String pattern, String action, boolean allowed) {
        assertThat(Role.custom("r", List.of(pattern)).allows(action)).isEqualTo(allowed);
    }

    @Test
    void builtInRolesAllowNoMoreThanTheySay() {
        assertThat(Role.ADMIN.allows("drs:DeleteSourceServer")).isTrue();
        assertThat(Role.OPERATOR.allows("drs:StartRecovery")).isTrue();
        assertThat(Role.OPERATOR.allows("drs:DeleteSourceServer")).isFalse();
        assertThat(Role.OPERATOR.allows("sts:AssumeRole/admin")).isFalse();
        assertThat(Role.READ_ONLY.allows("drs:DescribeJobs")).isTrue();
        assertThat(Role.READ_ONLY.allows("drs:StartRecovery")).isFalse();
        assertThat(Role.AGENT_INSTALLATION.allows("drs:CreateSourceServerForDrs")).isTrue();
        assertThat(Role.AGENT_INSTALLATION.allows("drs:DescribeSourceServers")).isFalse();
    }

    @Test
    void rolesAreMadeChangedAndDeletedUnlessTheyAreBuiltInOrInUse() throws IOException {
        var roles = controller.roles();
        roles.create("drills", List.of("drs:Describe*"));
        controller.users().create("eve", "drills");
        restart();
        assertThat(controller.roles().get("drills").actions()).containsExactly("drs:Describe*");
        controller.roles().update("drills", List.of("drs:*", "sts:Get*"));
        assertThat(controller.roles().get("drills").allows("drs:StartRecovery")).isTrue();
        assertThat(controller.roles().list()).hasSize(Role.BUILT_IN.size() + 1);
        assertRefused("role-in-use", () -> controller.roles().delete("drills"));
        controller.users().delete("eve");
        controller.roles().delete("drills");
        assertRefused("unknown-role", () -> controller.roles().get("drills"));
        assertRefused("role-built-in", () -> controller.roles().delete("admin"));
        assertRefused("role-built-in", () -> controller.roles().update("operator", List.of("*")));
        assertRefused("role-exists", () -> controller.roles().create("admin", List.of("*")));
        assertRefused("malformed-role", () -> controller.roles().create("a b", List.of("*")));
        assertRefused("malformed-role", () -> controller.roles().create("x", List.of()));
        assertRefused(
                "malformed-role", () -> controller.roles().create("x", List.of("drs:A drs:B")));
        assertRefused("unknown-role", () -> controller.users().create("eve", "drills"));
        assertRefused("malformed-user", () -> controller.users().create("a/b", "admin"));
    }

    @Test
    void noSecretIsInTheDatabaseAsItIs() throws IOException {
        var key = key("ops", "operator");
        assertThat(bytes()).doesNotContain(key.secret());
    }

    /// As they are, and sealed, and in pages that were freed: nowhere.
    @Test
    void secretsThatAnEarlierVersionKeptAsTheyWereAreSealed() throws IOException {
        var secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        installation
                .database()
                .transact(tx -> {
                    for (var role : List.of("ADMIN", "READ_ONLY")) {
                        AccessTables.LEGACY_KEYS.insert(
                                tx,
                                new StoredKey.Legacy(
                                        "AKIA" + role, secret + role, role, FakeTime.START));
                    }
                    return "";
                });
        assertThat(bytes()).contains(secret);
        restart();
        assertThat(bytes()).doesNotContain(secret);
        var signer = controller.sessions().signer("AKIAREAD_ONLY", Optional.empty()).orElseThrow();
        assertThat(signer.secret()).isEqualTo(secret + "READ_ONLY");
        assertThat(signer.user()).isEqualTo("read-only");
        assertThat(signer.role()).isEqualTo(Role.READ_ONLY);
        restart();
        assertThat(controller.accessKeys().list()).hasSize(2);
    }

    private String bytes() throws IOException {
        return new String(Files.readAllBytes(installation.file()), StandardCharsets.ISO_8859_1);
    }

    @Test
    void aSignatureIsUsedOnceAcrossARestartUntilItHasExpired() throws IOException {
        var until = installation.time.now().plus(HOUR);
        assertThat(controller.usedSignatures().use("abc", until)).isTrue();
        assertThat(controller.usedSignatures().use("abc", until)).isFalse();
        restart();
        installation.controller().housekeeping().schedule();
        assertThat(controller.usedSignatures().use("abc", until)).isFalse();
        installation.time.advance(HOUR.plusSeconds(1));
        installation.controller().housekeeping().schedule();
        assertThat(controller.usedSignatures().use("abc", until)).isTrue();
    }

    @Test
    void aCallIsDoneAgainOnlyWhileNoOtherWasLetIn() throws IOException {
        var until = installation.time.now().plus(HOUR);
        assertThat(again("abc")).as("never done").isFalse();
        controller.usedSignatures().use("abc", until);
        assertThat(again("abc")).isTrue();
        assertThat(again("abc")).isTrue();
        controller.usedSignatures().use("def", until);
        assertThat(again("abc")).as("after another").isFalse();
        assertThat(again("def")).isTrue();
        controller.usedSignatures().letInOtherwise();
        assertThat(again("def")).as("after one without a signature").isFalse();
        controller.usedSignatures().use("ghi", until);
        restart();
        assertThat(again("ghi")).as("nobody knows what was let in").isFalse();
    }

    private boolean again(String signature) throws IOException {
        return controller.usedSignatures().again(signature, () -> "done").isPresent();
    }
}

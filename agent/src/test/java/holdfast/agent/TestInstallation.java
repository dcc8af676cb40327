package holdfast.agent;

import holdfast.base.Filesystem;
import holdfast.base.RandomSource;
import holdfast.base.TimeSource;
import holdfast.replication.certificates.CertificateAuthority;
import holdfast.replication.certificates.CertificateRequest;
import holdfast.replication.certificates.EnrolmentToken;
import holdfast.replication.certificates.Identity;
import holdfast.replication.certificates.PeerCertificate;
import holdfast.replication.certificates.TrustedAuthorities;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// An installation's authority, for agents to enrol with.
record TestInstallation(CertificateAuthority authority, EnrolmentToken token) {
    static TestInstallation create(Path directory, TimeSource time) throws IOException {
        var random = RandomSource.system();
        var authority =
                CertificateAuthority.open(
                        Filesystem.local(),
                        directory,
                        CertificateAuthority.Validity.DEFAULT,
                        time,
                        random);
        return new TestInstallation(authority, EnrolmentToken.create(random, authority));
    }

    Identity agent(String serverId) throws IOException {
        var asked = CertificateRequest.create(RandomSource.system(), "a-host");
        var certificate = authority.issueToAgent(asked.pem(), serverId);
        return asked.identity(
                certificate,
                authority.certificatePem(),
                TrustedAuthorities.ofFingerprint(token.fingerprint()));
    }

    /// As a replicator answers.
    List<byte[]> renew(byte[] request, String serverId) {
        return authority.renew(request, serverId).stream()
                .map(issued -> new PeerCertificate(issued).encoded())
                .toList();
    }
}

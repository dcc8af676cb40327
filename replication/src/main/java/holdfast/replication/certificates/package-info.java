/// The installation's own certificate authority, the identities that it issues, enrolment tokens,
/// and the TLS contexts built from them (docs/decisions/certificates.md).
@NullMarked
package holdfast.replication.certificates;

import org.jspecify.annotations.NullMarked;

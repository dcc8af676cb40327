/// AWS Elastic Disaster Recovery: translates its operations to the control plane's commands.
/// docs/compatibility/drs.md says what each field means here.
@NullMarked
package holdfast.aws.drs;

import org.jspecify.annotations.NullMarked;

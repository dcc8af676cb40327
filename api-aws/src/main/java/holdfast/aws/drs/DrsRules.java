package holdfast.aws.drs;

import holdfast.aws.drs.model.AccessDeniedException;
import holdfast.aws.drs.model.ConflictException;
import holdfast.aws.drs.model.InternalServerException;
import holdfast.aws.drs.model.ResourceNotFoundException;
import holdfast.aws.drs.model.ServiceQuotaExceededException;
import holdfast.aws.drs.model.UninitializedAccountException;
import holdfast.aws.drs.model.ValidationException;
import holdfast.aws.drs.model.ValidationExceptionField;
import holdfast.aws.drs.model.ValidationExceptionReason;
import holdfast.aws.protocol.Operation;
import holdfast.aws.protocol.RestJsonEndpoint;
import holdfast.aws.protocol.ServiceException;
import holdfast.aws.protocol.Violations;
import holdfast.base.RefusalException;
import holdfast.control.Accounts;
import java.io.IOException;
import java.util.List;

/// The errors that all operations of the service share.
record DrsRules(Accounts accounts) implements RestJsonEndpoint.Rules {
    @Override
    public void requireReady(Operation<?> operation) throws IOException {
        if (operation.errors().contains("UninitializedAccountException")
                && accounts.get().initializedAt().isEmpty()) {
            throw UninitializedAccountException.builder()
                    .code("UNINITIALIZED_ACCOUNT")
                    .message("the service is not initialized: call InitializeService first")
                    .build();
        }
    }

    @Override
    public ServiceException invalid(Violations violations) {
        return violated(violations);
    }

    static ServiceException violated(Violations violations) {
        return ValidationException.builder()
                .code("VALIDATION")
                .reason(ValidationExceptionReason.FIELDVALIDATIONFAILED)
                .message(violations.message())
                .fieldList(
                        violations.found().stream()
                                .map(found ->
                                        ValidationExceptionField.builder()
                                                .name(found.member())
                                                .message(found.message())
                                                .build())
                                .toList())
                .build();
    }

    /// For what the model cannot say of a member.
    static ServiceException invalid(String member, String message) {
        return ValidationException.builder()
                .code("VALIDATION")
                .reason(ValidationExceptionReason.FIELDVALIDATIONFAILED)
                .message(message)
                .fieldList(
                        List.of(
                                ValidationExceptionField.builder()
                                        .name(member)
                                        .message(message)
                                        .build()))
                .build();
    }

    @Override
    public ServiceException denied(String message) {
        return AccessDeniedException.builder().code("ACCESS_DENIED").message(message).build();
    }

    @Override
    public ServiceException internal(String message) {
        return InternalServerException.builder().message(message).build();
    }

    static ServiceException notFound(String type, String id, String message) {
        return ResourceNotFoundException.builder()
                .code("RESOURCE_NOT_FOUND")
                .resourceType(type)
                .resourceId(id)
                .message(message)
                .build();
    }

    /// Each operation may answer with some types only, so the nearest of those is taken.
    @Override
    public ServiceException refused(Operation<?> operation, RefusalException refusal) {
        var message = String.valueOf(refusal.getMessage());
        var code = refusal.code();
        var errors = operation.errors();
        if (code.startsWith("unknown-") && errors.contains("ResourceNotFoundException")) {
            return notFound(code.substring("unknown-".length()), "", message);
        }
        if (code.equals("account-not-shared")) {
            return denied(message);
        }
        if (code.startsWith("too-many-") && errors.contains("ServiceQuotaExceededException")) {
            return ServiceQuotaExceededException.builder()
                    .code(code)
                    .serviceCode("drs")
                    .quotaCode(code)
                    .resourceType(code.substring("too-many-".length()))
                    .message(message)
                    .build();
        }
        if (errors.contains("ValidationException")
                && (code.startsWith("malformed-") || !errors.contains("ConflictException"))) {
            return ValidationException.builder()
                    .code("VALIDATION")
                    .reason(ValidationExceptionReason.OTHER)
                    .message(message)
                    .build();
        }
        return ConflictException.builder().code(code).message(message).build();
    }
}

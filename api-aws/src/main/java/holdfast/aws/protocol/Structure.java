package holdfast.aws.protocol;

/// What can be written as a JSON object.
public interface Structure {
    void write(JsonOutput out);
}

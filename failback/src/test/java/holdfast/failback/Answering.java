package holdfast.failback;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// An operator who knows the answers.
final class Answering implements Operator {
    final List<String> asked = new ArrayList<>();
    final List<String> told = new ArrayList<>();
    private final ArrayDeque<String> answers;

    Answering(String... answers) {
        this.answers = new ArrayDeque<>(List.of(answers));
    }

    @Override
    public String ask(String question, boolean secret) {
        asked.add(question);
        return answers.remove();
    }

    @Override
    public void tell(String line) {
        told.add(line);
    }

    @Override
    public void progress(Progress progress) {}
}

package holdfast.failback;

import holdfast.base.RefusalException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Which recovery instance is brought home: the one that was named, or was recovered from this
/// machine, or that the operator picks of those whose disks fit.
///
/// @param named what the user named
/// @param interfaces of this machine
/// @param operator asked where needed
/// @param prompt whether the operator may be asked
record InstanceChoice(
        Optional<String> named,
        LocalDisks disks,
        List<String> interfaces,
        Operator operator,
        boolean prompt) {
    /// @param all that there are
    /// @throws RefusalException if none fits, or it is for the operator to say who may not be asked
    Instance of(List<Instance> all) throws IOException {
        if (named.isPresent()) {
            return Instance.of(all, named.get());
        }
        var there = disks.list();
        var free = disks.free();
        var candidates =
                all.stream()
                        .filter(one -> Set.of("RUNNING", "FAILED", "STOPPED").contains(one.state()))
                        .filter(one -> !one.failback().equals("COMPLETED"))
                        .filter(one -> !one.failback().equals("DISCONNECTED"))
                        .toList();
        var own =
                candidates.stream()
                        .filter(one -> !one.drill())
                        .filter(one -> one.recoveredFrom(interfaces, there))
                        .toList();
        if (own.size() == 1) {
            operator.tell(
                    "this machine is the one that "
                            + own.getFirst().id()
                            + " was recovered from; it is brought home");
            return own.getFirst();
        }
        var fitting = candidates.stream().filter(one -> one.fits(free)).toList();
        if (fitting.isEmpty()) {
            throw new RefusalException(
                    "no-instance",
                    "there is no recovery instance whose disks fit on this machine's: free or add disks, or launch one with `holdfast recover`");
        }
        if (!prompt) {
            throw new RefusalException(
                    "instance-needed",
                    "name the recovery instance with --recovery-instance-id; those that fit are "
                            + String.join(", ", fitting.stream().map(Instance::id).toList()));
        }
        for (var i = 0; i < fitting.size(); i++) {
            var one = fitting.get(i);
            operator.tell(
                    String.format(
                            Locale.ROOT,
                            "%3d  %s  %s%s, %d disks",
                            i + 1,
                            one.id(),
                            one.hostname(),
                            one.drill() ? " (drill)" : "",
                            one.disks().size()));
        }
        var answer = operator.ask("recovery instance, by number or id: ", false).strip();
        if (answer.matches("[0-9]{1,4}")) {
            var number = Integer.parseInt(answer);
            if (number < 1 || number > fitting.size()) {
                throw new RefusalException(
                        "unknown-instance", "there is no number " + number + " in the list");
            }
            return fitting.get(number - 1);
        }
        return Instance.of(fitting, answer);
    }
}

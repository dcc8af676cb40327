package holdfast.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/// One process of the simulated world: the threads that were started in it. Killing it leaves them
/// where they are, for ever, and takes back what the kernel lent it, as `kill -9` does.
final class SimProcess implements Executor {
    private final Scheduler scheduler;
    private final SimHost host;
    private final String name;
    private final int number;
    private final List<Runnable> whenEnded = new ArrayList<>();
    private boolean alive = true;
    private int stepsToLive = -1;

    SimProcess(Scheduler scheduler, SimHost host, String name, int number) {
        this.scheduler = scheduler;
        this.host = host;
        this.name = name;
        this.number = number;
    }

    SimHost host() {
        return host;
    }

    int number() {
        return number;
    }

    boolean isAlive() {
        return alive;
    }

    Thread.Builder.OfVirtual threads() {
        return VirtualThreads.on(this);
    }

    Thread start(String threadName, Runnable work) {
        return threads().name(threadName).start(work);
    }

    /// What the kernel does when the process is gone, however it went.
    void whenEnded(Runnable action) {
        whenEnded.add(action);
    }

    /// Ends it when its threads have taken so many steps more, wherever they are then.
    void killAfter(int steps) {
        if (steps == 0) {
            kill();
        } else {
            stepsToLive = steps;
        }
    }

    /// It lives on, whatever it was to be killed for.
    void spare() {
        stepsToLive = -1;
    }

    void kill() {
        if (alive) {
            alive = false;
            scheduler.note(number * 7919L);
            whenEnded.forEach(Runnable::run);
        }
    }

    /// Called before each step of one of its threads.
    void stepped() {
        if (stepsToLive > 0 && --stepsToLive == 0) {
            kill();
        }
    }

    @Override
    public void execute(Runnable step) {
        scheduler.ready(this, step);
    }

    @Override
    public String toString() {
        return name;
    }
}

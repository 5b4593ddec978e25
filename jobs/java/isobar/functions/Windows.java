package isobar.functions;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.table.api.ValidationException;

/** The windows that a moment belongs to, from a text such as {@code h1 1 1, h3 3 1}: name, length and step in hours. */
final class Windows {

    static final long HOUR_MS = 3_600_000L;

    /** Kinds are told apart in the last digits of a window's key. */
    private static final int MOST_KINDS = 16;

    /** Windows of one length that begin one step after another. */
    record Kind(String name, int hours, int stepHours) {}

    final List<Kind> kinds = new ArrayList<>();

    Windows(String text) {
        for (String declared : text.split(",")) {
            String[] words = declared.trim().split("\\s+");
            try {
                kinds.add(new Kind(words[0], Integer.parseInt(words[1]), Integer.parseInt(words[2])));
            } catch (IndexOutOfBoundsException | NumberFormatException error) {
                throw new ValidationException("expected NAME HOURS STEP, found '" + declared.trim() + "'");
            }
        }
        if (kinds.size() > MOST_KINDS) {
            throw new ValidationException("expected at most " + MOST_KINDS + " kinds of windows, found " + kinds.size());
        }
    }

    int longestHours() {
        return kinds.stream().mapToInt(Kind::hours).max().orElse(0);
    }

    /** The keys of all windows that hold a moment. */
    List<Long> keys(long moment) {
        List<Long> keys = new ArrayList<>();
        for (int index = 0; index < kinds.size(); index++) {
            Kind kind = kinds.get(index);
            long step = kind.stepHours * HOUR_MS;
            long last = Math.floorDiv(moment, step) * step;
            for (long start = last; start > moment - kind.hours * HOUR_MS; start -= step) {
                keys.add(start * MOST_KINDS + index);
            }
        }
        return keys;
    }

    Kind kind(long key) {
        return kinds.get((int) Math.floorMod(key, (long) MOST_KINDS));
    }

    static long start(long key) {
        return Math.floorDiv(key, (long) MOST_KINDS);
    }
}

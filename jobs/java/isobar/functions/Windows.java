package isobar.functions;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.table.api.ValidationException;

/** The windows that a moment belongs to, from a text such as {@code 1/1, 3/1}: length and step in hours. */
final class Windows {

    static final long HOUR_MS = 3_600_000L;

    /** A window's key is its first hour, counted from 1970, and its length in the last digits: a year and more. */
    private static final long LENGTHS = 10_000;

    private record Kind(int hours, int stepHours) {}

    private final List<Kind> kinds = new ArrayList<>();

    Windows(String text) {
        for (String declared : text.split(",")) {
            String[] numbers = declared.trim().split("/");
            try {
                kinds.add(new Kind(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1])));
            } catch (IndexOutOfBoundsException | NumberFormatException error) {
                throw new ValidationException("expected HOURS/STEP, found '" + declared.trim() + "'");
            }
        }
        if (kinds.stream().anyMatch(kind -> kind.stepHours < 1 || kind.hours < kind.stepHours || kind.hours >= LENGTHS)) {
            throw new ValidationException(
                    "expected windows of a step or longer, shorter than " + LENGTHS + " h, found " + text);
        }
    }

    int longestHours() {
        return kinds.stream().mapToInt(Kind::hours).max().orElse(0);
    }

    int[] lengths() {
        return kinds.stream().mapToInt(Kind::hours).distinct().toArray();
    }

    /** The keys of all windows that hold a moment. */
    List<Long> keys(long moment) {
        List<Long> keys = new ArrayList<>();
        long hour = Math.floorDiv(moment, HOUR_MS);
        for (Kind kind : kinds) {
            long last = Math.floorDiv(hour, kind.stepHours) * kind.stepHours;
            for (long start = last; start > hour - kind.hours; start -= kind.stepHours) {
                keys.add(start * LENGTHS + kind.hours);
            }
        }
        return keys;
    }

    static long keyOfEnd(long end, int hours) {
        return (Math.floorDiv(end, HOUR_MS) - hours) * LENGTHS + hours;
    }

    static int hours(long key) {
        return (int) Math.floorMod(key, LENGTHS);
    }

    static long start(long key) {
        return Math.floorDiv(key, LENGTHS) * HOUR_MS;
    }

    static long end(long key) {
        return start(key) + hours(key) * HOUR_MS;
    }
}

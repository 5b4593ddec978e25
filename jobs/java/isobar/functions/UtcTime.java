package isobar.functions;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;

/** Times as our records write them: {@code 2026-11-20T09:00:00Z}, with three or six decimals of a second at most. */
final class UtcTime {

    /** No time: earlier than any that is accepted. */
    static final long NONE = Long.MIN_VALUE;

    private static final int FIRST_YEAR = 1970;
    private static final long DAY_MS = 86_400_000L;

    private UtcTime() {}

    /** Milliseconds since 1970, or {@link #NONE} for anything else than a real time in this form. */
    static long parse(byte[] text, int from, int to) {
        int length = to - from;
        if (length != 20 && length != 24 && length != 27) {
            return NONE;
        }
        boolean punctuated = text[from + 4] == '-'
                && text[from + 7] == '-'
                && text[from + 10] == 'T'
                && text[from + 13] == ':'
                && text[from + 16] == ':'
                && text[to - 1] == 'Z';
        if (!punctuated) {
            return NONE;
        }
        int year = number(text, from, 4);
        int month = number(text, from + 5, 2);
        int day = number(text, from + 8, 2);
        int hour = number(text, from + 11, 2);
        int minute = number(text, from + 14, 2);
        int second = number(text, from + 17, 2);
        int millis = 0;
        if (length > 20) {
            millis = text[from + 19] == '.' ? number(text, from + 20, 3) : -1;
            if (length == 27 && number(text, from + 23, 3) < 0) {
                return NONE;
            }
        }
        boolean bounded = year >= FIRST_YEAR && hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
        if (!bounded || second < 0 || second > 59 || millis < 0) {
            return NONE;
        }
        try {
            long days = LocalDate.of(year, month, day).toEpochDay();
            return days * DAY_MS + ((hour * 60L + minute) * 60L + second) * 1000L + millis;
        } catch (DateTimeException error) {
            return NONE; // no such day
        }
    }

    static long parse(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return parse(bytes, 0, bytes.length);
    }

    /** The text of a time: with milliseconds only where there are some. */
    static String format(long millis) {
        long day = Math.floorDiv(millis, DAY_MS);
        int rest = (int) Math.floorMod(millis, DAY_MS);
        LocalDate date = LocalDate.ofEpochDay(day);
        char[] text = (rest % 1000 == 0 ? "0000-00-00T00:00:00Z" : "0000-00-00T00:00:00.000Z").toCharArray();
        put(text, 0, 4, date.getYear());
        put(text, 5, 2, date.getMonthValue());
        put(text, 8, 2, date.getDayOfMonth());
        put(text, 11, 2, rest / 3_600_000);
        put(text, 14, 2, rest / 60_000 % 60);
        put(text, 17, 2, rest / 1000 % 60);
        if (rest % 1000 != 0) {
            put(text, 20, 3, rest % 1000);
        }
        return new String(text);
    }

    private static void put(char[] text, int from, int digits, int value) {
        int left = value;
        for (int at = from + digits - 1; at >= from; at--) {
            text[at] = (char) ('0' + left % 10);
            left /= 10;
        }
    }

    /** A number of so many digits, or -1. */
    private static int number(byte[] text, int from, int digits) {
        int value = 0;
        for (int at = from; at < from + digits; at++) {
            int digit = text[at] - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }
}

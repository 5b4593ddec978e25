package isobar.functions;

import java.util.Arrays;
import java.util.Iterator;
import org.apache.flink.table.api.dataview.MapView;

/**
 * The readings of a series as state: arrays of some hours each, by the number of those hours since 1970.
 *
 * <p>One entry for every reading cost more than everything else together: entries are what checkpoints and the collector
 * count. In an array, readings follow each other as they came: milliseconds since the hours began, then the reading itself,
 * whose first number is its revision.
 */
final class Readings {

    /** Hourly stations have six in an array, those of every minute 360: few enough to be walked through. */
    private static final long SPAN_MS = 6 * Windows.HOUR_MS;

    private final MapView<Long, double[]> arrays;
    private final int width;

    /** {@code numbers} of each reading, its revision included. */
    Readings(MapView<Long, double[]> arrays, int numbers) {
        this.arrays = arrays;
        this.width = 1 + numbers;
    }

    /** The revision of the reading of a moment, or -1. */
    int revision(long moment) throws Exception {
        double[] array = arrays.get(Math.floorDiv(moment, SPAN_MS));
        int at = array == null ? -1 : indexOf(array, Math.floorMod(moment, SPAN_MS));
        return at < 0 ? -1 : (int) array[at + 1];
    }

    /** Keeps a reading, in the place of an earlier one of its moment. */
    void put(long moment, double[] reading) throws Exception {
        long span = Math.floorDiv(moment, SPAN_MS);
        long offset = Math.floorMod(moment, SPAN_MS);
        double[] array = arrays.get(span);
        int at = array == null ? -1 : indexOf(array, offset);
        if (at < 0) {
            at = array == null ? 0 : array.length;
            array = array == null ? new double[width] : Arrays.copyOf(array, at + width);
        }
        array[at] = offset;
        System.arraycopy(reading, 0, array, at + 1, reading.length);
        arrays.put(span, array);
    }

    /** Adds the readings of a window. */
    void addTo(double[] sums, long from, long to) throws Exception {
        double[] reading = new double[width - 1];
        for (long span = Math.floorDiv(from, SPAN_MS); span * SPAN_MS < to; span++) {
            double[] array = arrays.get(span);
            for (int at = 0; array != null && at < array.length; at += width) {
                long moment = span * SPAN_MS + (long) array[at];
                if (moment >= from && moment < to) {
                    System.arraycopy(array, at + 1, reading, 0, reading.length);
                    Sums.add(sums, reading);
                }
            }
        }
    }

    /** Forgets whole arrays, none of whose readings is younger than the moment. */
    void forgetTo(long moment) throws Exception {
        Iterator<Long> spans = arrays.keys().iterator();
        while (spans.hasNext()) {
            if ((spans.next() + 1) * SPAN_MS <= moment) {
                spans.remove();
            }
        }
    }

    /** From the end: the newest is asked for most. */
    private int indexOf(double[] array, long offset) {
        for (int at = array.length - width; at >= 0; at -= width) {
            if (array[at] == offset) {
                return at;
            }
        }
        return -1;
    }
}

package isobar.functions;

import org.apache.flink.table.data.GenericRowData;

/**
 * The last values of a series at one hour of the day: the daily cycle is taken out by comparing nine o'clock with nine
 * o'clock.
 *
 * <p>An array of doubles, which state keeps without a conversion: a value of each variable for every reading, in a ring
 * once there are {@code size} of them, and at its end the number of readings ever taken in.
 */
final class Baseline {

    private Baseline() {}

    static double[] empty() {
        return new double[1];
    }

    /** The baseline with a reading in: a longer one, until there are enough. */
    static double[] with(double[] ring, double[] values, int size) {
        int number = (int) ring[ring.length - 1];
        double[] with = number < size ? java.util.Arrays.copyOf(ring, ring.length + values.length) : ring;
        System.arraycopy(values, 0, with, number % size * values.length, values.length);
        with[with.length - 1] = number + 1;
        return with;
    }

    /** Writes count, mean and standard deviation (of the whole, not of a sample) of one variable into three columns. */
    static void write(double[] ring, int variable, int variables, GenericRowData row, int from) {
        int count = 0;
        double sum = 0;
        for (int at = variable; at < ring.length - 1; at += variables) {
            if (!Double.isNaN(ring[at])) {
                count++;
                sum += ring[at];
            }
        }
        row.setField(from, count);
        if (count == 0) {
            return;
        }
        double mean = sum / count;
        double squares = 0;
        for (int at = variable; at < ring.length - 1; at += variables) {
            if (!Double.isNaN(ring[at])) {
                squares += (ring[at] - mean) * (ring[at] - mean);
            }
        }
        row.setField(from + 1, mean);
        row.setField(from + 2, Math.sqrt(squares / count));
    }
}

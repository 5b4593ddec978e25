package isobar.functions;

import org.apache.flink.table.data.GenericRowData;

/**
 * The last values of a series at one hour of the day: the daily cycle is taken out by comparing nine o'clock with nine
 * o'clock.
 *
 * <p>A ring in an array of doubles, which state keeps without a conversion: the number of readings ever taken in, then
 * {@code size} places of one value for each variable.
 */
final class Baseline {

    private Baseline() {}

    static double[] empty(int variables, int size) {
        double[] ring = new double[1 + variables * size];
        java.util.Arrays.fill(ring, 1, ring.length, Double.NaN);
        return ring;
    }

    static void add(double[] ring, double[] values) {
        int size = (ring.length - 1) / values.length;
        int place = (int) (ring[0] % size);
        System.arraycopy(values, 0, ring, 1 + place * values.length, values.length);
        ring[0]++;
    }

    /** Writes count, mean and standard deviation (of the whole, not of a sample) of one variable into three columns. */
    static void write(double[] ring, int variable, int variables, GenericRowData row, int from) {
        int count = 0;
        double sum = 0;
        for (int at = 1 + variable; at < ring.length; at += variables) {
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
        for (int at = 1 + variable; at < ring.length; at += variables) {
            if (!Double.isNaN(ring[at])) {
                squares += (ring[at] - mean) * (ring[at] - mean);
            }
        }
        row.setField(from + 1, mean);
        row.setField(from + 2, Math.sqrt(squares / count));
    }
}

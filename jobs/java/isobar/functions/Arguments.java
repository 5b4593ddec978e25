package isobar.functions;

import java.util.List;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.inference.CallContext;
import org.apache.flink.types.Row;

/** Lists of columns, as arguments of our table functions: {@code 'temperature_c, wind_speed_ms'}. */
final class Arguments {

    private Arguments() {}

    /** The names of a list that must be known when the query is planned, because columns are named after them. */
    static String[] names(CallContext call, int position) {
        String list = call.getArgumentValue(position, String.class)
                .orElseThrow(() -> call.newValidationError("a list of columns must be a literal"));
        return list.split("\\s*,\\s*");
    }

    /** Where the columns of a list are in a table. */
    static int[] columns(DataType table, String list) {
        String[] names = list.split("\\s*,\\s*");
        int[] columns = new int[names.length];
        for (int at = 0; at < names.length; at++) {
            columns[at] = column(table, names[at]);
        }
        return columns;
    }

    static int column(DataType table, String name) {
        List<String> names = DataType.getFieldNames(table);
        int index = names.indexOf(name);
        if (index < 0) {
            throw new ValidationException("expected a column " + name + ", found " + names);
        }
        return index;
    }

    /** NaN is a missing value: arrays of doubles then need nothing beside them. */
    static double value(Row row, int column) {
        Object value = row.getField(column);
        return value == null ? Double.NaN : (Double) value;
    }
}

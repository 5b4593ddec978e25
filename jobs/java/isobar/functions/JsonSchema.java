package isobar.functions;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;

/**
 * The fields of a JSON record, from a text such as {@code station_id STRING NOT NULL, temperature_c DOUBLE}.
 *
 * <p>The text comes from the record contracts, so that no field is declared in Java.
 */
final class JsonSchema implements Serializable {

    private static final long serialVersionUID = 1L;

    /** What a value may be, and how an error says so. */
    enum Kind {
        STRING("a text that is not empty, without control characters", DataTypes.STRING()),
        TIMESTAMP("a time in UTC from 1970 on, like 2026-11-20T09:00:00Z", DataTypes.TIMESTAMP_LTZ(3)),
        DOUBLE("a number", DataTypes.DOUBLE()),
        INT("a whole number of 32 bits", DataTypes.INT()),
        BIGINT("a whole number of 64 bits", DataTypes.BIGINT()),
        BOOLEAN("true or false", DataTypes.BOOLEAN());

        final String expected;
        final transient DataType type;

        Kind(String expected, DataType type) {
            this.expected = expected;
            this.type = type;
        }
    }

    /** One member of the record. */
    record Field(String name, Kind kind, boolean nullable) implements Serializable {

        String expected() {
            return name + " as " + kind.expected + (nullable ? ", or null" : "");
        }
    }

    /** {@link ReadJson} keeps the fields that it has seen in the bits of a long. */
    private static final int MOST_FIELDS = 64;

    private final Field[] fields;

    private JsonSchema(List<Field> fields) {
        this.fields = fields.toArray(new Field[0]);
    }

    static JsonSchema parse(String text) {
        List<Field> fields = new ArrayList<>();
        for (String declared : text.split(",")) {
            String[] words = declared.trim().split("\\s+");
            boolean required = words.length == 4 && words[2].equals("NOT") && words[3].equals("NULL");
            if (words.length != 2 && !required) {
                throw new ValidationException("expected NAME TYPE [NOT NULL], found '" + declared.trim() + "'");
            }
            try {
                Kind kind = Kind.valueOf(words[1].toUpperCase(Locale.ROOT));
                fields.add(new Field(words[0].intern(), kind, !required));
            } catch (IllegalArgumentException error) {
                throw new ValidationException(
                        "expected one of " + List.of(Kind.values()) + " as the type of " + words[0] + ", found " + words[1]);
            }
        }
        if (fields.size() > MOST_FIELDS) {
            throw new ValidationException("expected at most " + MOST_FIELDS + " fields, found " + fields.size());
        }
        return new JsonSchema(fields);
    }

    int size() {
        return fields.length;
    }

    Field field(int index) {
        return fields[index];
    }

    /** The index of a field, or -1; members mostly come in order, so {@code guess} is tried first. */
    int indexOf(String name, int guess) {
        if (guess < fields.length && fields[guess].name.equals(name)) {
            return guess;
        }
        for (int index = 0; index < fields.length; index++) {
            if (fields[index].name.equals(name)) {
                return index;
            }
        }
        return -1;
    }

    /** Every field, null where a record is refused, and {@code refusal}, null where it is not. */
    DataType rowType() {
        List<DataTypes.Field> columns = new ArrayList<>();
        for (Field field : fields) {
            columns.add(DataTypes.FIELD(field.name, field.kind.type));
        }
        columns.add(DataTypes.FIELD("refusal", DataTypes.STRING()));
        return DataTypes.ROW(columns).bridgedTo(RowData.class);
    }
}

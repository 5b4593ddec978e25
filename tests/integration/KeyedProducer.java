import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Properties;
import java.util.Scanner;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Sends each key given on standard input (hexadecimal, one a line) and prints the partition it went to. */
class KeyedProducer {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments[0]);
        var bytes = new ByteArraySerializer();
        try (var producer = new KafkaProducer<>(properties, bytes, bytes);
                var keys = new Scanner(System.in, StandardCharsets.UTF_8)) {
            while (keys.hasNextLine()) {
                byte[] key = HexFormat.of().parseHex(keys.nextLine());
                System.out.println(producer.send(new ProducerRecord<>(arguments[1], key, key)).get().partition());
            }
        }
    }
}

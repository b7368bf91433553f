import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Scanner;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.utils.Utils;

/** Reads batches as hex, one a line, with Kafka's own classes; prints a line of CRC-32C over all it read of each. See README.md. */
public final class VerifyBatches {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in, StandardCharsets.UTF_8);
        while (in.hasNextLine()) {
            byte[] bytes = HexFormat.of().parseHex(in.nextLine().strip());
            java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
            int count = 0;
            for (RecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
                batch.ensureValid();
                for (Record r : batch) {
                    r.ensureValid();
                    count++;
                    text(crc, r.offset() + "," + r.timestamp() + "," + r.sequence());
                    bytes(crc, r.hasKey() ? Utils.toArray(r.key()) : null);
                    bytes(crc, r.hasValue() ? Utils.toArray(r.value()) : null);
                    for (Header h : r.headers()) { text(crc, h.key()); bytes(crc, h.value()); }
                }
            }
            System.out.println(count + " " + crc.getValue());
        }
    }
    static void text(java.util.zip.CRC32C crc, String s) { crc.update(s.getBytes(StandardCharsets.UTF_8)); }
    static void bytes(java.util.zip.CRC32C crc, byte[] b) { if (b == null) text(crc, "null"); else crc.update(b); }
}

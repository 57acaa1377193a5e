package tinygpt.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import tinygpt.hyperparameters.Activation;
import tinygpt.hyperparameters.ModelShape;

class LlmVizTest {
    /** The model that llm-viz comes with: 85,584 parameters and the head a second time; then its values, layer by layer. */
    @Test
    void viewerBytes_areThoseOfItsOwnModel() {
        ModelShape nano = new ModelShape(3, 11, 3, 3, 48, 192, true, true, Activation.GELU_TANH, 1e-5, 0.02, 0, 0, 0);
        int c = 11 * 48;
        int norm = c + 2 * 11;
        int attention =
                3 * c + 2 * 3 * 11 * 11 + 3 * 11 * 2 + c + c + c; // qkv, maps, their sums, v, projection, residual
        int feedForward = 4 * c + 4 * c + c + c;
        int values = 11 + c + c + norm + 2 * 11 * 3 + 11 * 2 + 3 * (2 * norm + attention + feedForward);
        assertEquals(4L * (85_584 + 144 + values), LlmViz.viewerBytes(nano));
    }
}

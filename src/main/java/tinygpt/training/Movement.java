package tinygpt.training;

import java.util.List;
import tinygpt.parameters.Parameter;

/**
 * What the last move of the weights did to each parameter. A move is a step of AdamW, or the outer step that ends a round
 * of replicas; then the gradient is the mean of what the replicas took away from the weights.
 */
public interface Movement {
    /** The parameters that the following norms are of, in their order. */
    List<Parameter> parameters();

    /** 2-norm of one parameter's gradient, before clipping; 0 if it is frozen. */
    double gradientNorm(int parameter);

    /** 2-norm of one parameter after the move. */
    double weightNorm(int parameter);

    /** 2-norm of one parameter's change. */
    double changeNorm(int parameter);

    /** Sum of |weight| over one parameter after the move. */
    double weightSize(int parameter);

    /** Sum of |change| over one parameter. */
    double changeSize(int parameter);
}

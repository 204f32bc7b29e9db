namespace FlashRt.Validation.Ops;

/// <summary>Broadcasting of row vectors, shared by the references.</summary>
internal static class Rows
{
    /// <summary>
    /// The row of <paramref name="operand"/> that belongs to row <paramref name="row"/> of an operand with <paramref name="rows"/> rows: an operand
    /// with M rows serves rows / M consecutive rows with each.
    /// </summary>
    public static long VectorOf(OpTensor operand, long row, long rows) => row / (rows / operand.Rows);

    /// <summary>Element <paramref name="column"/> of the vector for a row, or <paramref name="absent"/>.</summary>
    public static double At(OpTensor? operand, long row, long rows, long column, double absent = 0) =>
        operand is null ? absent : operand.Values[VectorOf(operand, row, rows) * operand.Last + column];
}

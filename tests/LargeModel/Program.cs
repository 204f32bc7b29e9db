// Writes a decoder with the layers of Llama 3 8B: 1 GB of embedding and 0.44 GB a layer, so that 14 layers make 7 GB.
//
//   dotnet run -c Release --project tests/LargeModel FOLDER [LAYERS] [--sparse]
using FlashRt.LargeModel;

var plain = args.Where(a => a != "--sparse").ToArray();
var layers = 14;
if (plain.Length is 0 or > 2 || (plain.Length == 2 && !int.TryParse(plain[1], out layers)))
{
    Console.Error.WriteLine("usage: LargeModel FOLDER [LAYERS] [--sparse]");
    return 2;
}
Console.WriteLine(DecoderWriter.Write(plain[0], DecoderSize.Llama8B(layers), sparse: args.Contains("--sparse")));
return 0;

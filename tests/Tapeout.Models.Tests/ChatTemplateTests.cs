using System.Text.Json;
using Tapeout.Models.Templates;
using Tapeout.Quantities;
using Tapeout.Testing;

namespace Tapeout.Models.Tests;

public class ChatTemplateTests
{
    /// <summary>Every template that is recognised renders every conversation of plain texts as Jinja does; the others are refused.</summary>
    [Fact]
    public void Render_RecognisedTemplates_EqualGolden()
    {
        string folder = SharedData.PathOf("models/chat-templates");
        using JsonDocument conversations = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "conversations.json")));
        HashSet<string> recognised = [];
        HashSet<string> refused = [];
        int cases = 0;
        foreach (string line in File.ReadLines(Path.Combine(folder, "golden.jsonl")))
        {
            using JsonDocument golden = JsonDocument.Parse(line);
            JsonElement row = golden.RootElement;
            string name = row.GetProperty("template").GetString()!;
            JsonElement conversation = conversations.RootElement.GetProperty(row.GetProperty("conversation").GetString()!);
            string Special(string key) =>
                row.GetProperty("special_tokens").TryGetProperty(key, out JsonElement text) ? text.GetString()! : "";
            ChatTemplate template;
            try
            {
                string path = Path.Combine(folder, "templates", name.EndsWith(".jinja", StringComparison.Ordinal) ? name : name + ".jinja");
                template = ChatTemplate.Recognise(File.ReadAllText(path), Special("bos_token"), Special("eos_token"), name);
            }
            catch (InvalidInputException e)
            {
                Assert.Contains("none of the known families", e.Message, StringComparison.Ordinal);
                refused.Add(name);
                continue;
            }
            recognised.Add(name);
            JsonElement messages = conversation.GetProperty("messages");
            bool plain =
                !conversation.TryGetProperty("tools", out _)
                && messages
                    .EnumerateArray()
                    .All(m => m.EnumerateObject().Count() == 2 && m.GetProperty("content").ValueKind == JsonValueKind.String);
            if (!plain || !row.TryGetProperty("text", out JsonElement text) || row.GetProperty("options").EnumerateObject().Count() > 1)
                continue;
            ChatMessage[] list =
            [
                .. messages
                    .EnumerateArray()
                    .Select(m => new ChatMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!)),
            ];
            Assert.Equal(
                text.GetString(),
                template.Render(list, row.GetProperty("options").GetProperty("add_generation_prompt").GetBoolean())
            );
            cases++;
        }
        TestContext.Current.SendDiagnosticMessage(
            $"{recognised.Count} recognised ({string.Join(", ", recognised)}), {refused.Count} refused, {cases} cases"
        );
        Assert.Contains(recognised, n => n.StartsWith("SmolLM2", StringComparison.Ordinal));
        Assert.Contains(recognised, n => n.Contains("Llama-3.1-8B", StringComparison.Ordinal));
        Assert.True(cases > 30);
    }

    [Fact]
    public void Render_Llama2_AsPublished()
    {
        ChatTemplate template = ChatTemplate.Recognise("{% ... '[INST] ' + '<<SYS>>\\n' ... %}", "<s>", "</s>", "m");
        Assert.Equal(ChatTemplateFamily.Llama2, template.Family);
        Assert.Equal(
            "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Bye [/INST]",
            template.Render([new("system", "Be brief."), new("user", "Hi"), new("assistant", "Hello"), new("user", "Bye")], true)
        );
    }

    [Fact]
    public void Render_Mistral_AsPublished()
    {
        ChatTemplate template = ChatTemplate.Recognise(
            "{{ bos_token }}{% ... '[INST] ' + message['content'] + ' [/INST]' ... + eos_token %}",
            "<s>",
            "</s>",
            "m"
        );
        Assert.Equal(ChatTemplateFamily.Mistral, template.Family);
        Assert.Equal(
            "<s>[INST] Hi [/INST]Hello</s>[INST] Bye [/INST]",
            template.Render([new("user", "Hi"), new("assistant", "Hello"), new("user", "Bye")], true)
        );
        Assert.Throws<InvalidInputException>(() => template.Render([new("system", "x"), new("user", "y")], true));
        Assert.Throws<InvalidInputException>(() => template.Render([new("assistant", "x")], true));
    }

    [Fact]
    public void Recognise_NoTemplate_IsPlain() =>
        Assert.Equal("a\nb", ChatTemplate.Recognise(null, "", "", "m").Render([new("system", "a"), new("user", "b")], true));
}

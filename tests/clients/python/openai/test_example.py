"""The few lines of docs/how-to/clients.md that point this client to the emulator."""


def test_text_of_the_example(run_example):
    assert run_example() == ['You said: "Hello."'] * 3
